// Command mayfly serves a chat in which every message expires: pages, WebSockets and storage in one binary.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	_ "golang.org/x/crypto/x509roots/fallback" // authorities for a system that knows none, such as a bare container

	"mayfly/server/stream/seal"
)

func main() {
	args := os.Args[1:]
	err := run(untilSignal(hangupFor(args)), args, environmentOf(os.Environ()), os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mayfly: "+err.Error())
		os.Exit(exitCode(err))
	}
}

// The exit codes of a command that failed. For each code, docs/running.md says what a supervisor such as systemd should do.
const (
	exitFailed     = 1 // the same command may work later
	exitConfigured = 2 // the command fails until an operator changes a flag, a variable or the folder of -data
)

// configError is the error of a command that will fail again until the operator changes its configuration.
type configError struct{ error }

func (e configError) Unwrap() error { return e.error }

// exitCode returns the exit code with which the program ends if run has returned err.
func exitCode(err error) int {
	var wrong configError
	if errors.As(err, &wrong) || errors.Is(err, seal.ErrForeign) {
		return exitConfigured
	}
	return exitFailed
}

const usage = `Mayfly is a chat in which every message expires.

Usage:

	mayfly serve [flags]   serve the chat; "mayfly serve -help" lists the flags
	mayfly dev [flags]     serve it to this machine alone, with people to sign in as, to try it and to work on it
	mayfly check [flags]   say what is wrong with the flags of serve, the sign-in provider, the folder and the rest
	mayfly health [URL]    ask a server that runs whether people can chat on it
	mayfly bench URL       measure a server that runs: how fast messages arrive, and whether all do
	mayfly version         print the version

"mayfly serve" alone is a chat for this machine: open the URL that it prints.
`

// run runs the command in args until it ends or ctx is done. The error is a configError if the command line, the
// environment or the file of -config is wrong.
func run(ctx context.Context, args []string, env environment, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return configError{errors.New("say what to do, such as: mayfly serve")}
	}
	switch args[0] {
	case "serve":
		return runServe(ctx, args[1:], env, stdout, stderr)
	case "dev":
		return runDev(ctx, args[1:], env, stdout, stderr)
	case "check":
		return runCheck(ctx, args[1:], env, stdout)
	case "health":
		return runHealth(ctx, args[1:], stdout)
	case "bench":
		return runBench(ctx, args[1:], stdout, stderr)
	case "version", "-version", "--version":
		fmt.Fprintln(stdout, "mayfly "+thisBuild().String())
		return nil
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
		return nil
	default:
		fmt.Fprint(stderr, usage)
		return configError{fmt.Errorf("there is no %q: want serve, dev, check, health, bench or version", args[0])}
	}
}
