// Command mayfly serves a chat in which every message expires: pages, WebSockets and storage in one binary.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"mayfly/shared/wire"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // after the first Ctrl-C, a second Ctrl-C ends the program at once
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "mayfly: "+err.Error())
		os.Exit(1)
	}
}

const usage = `Mayfly is a chat in which every message expires.

Usage:

	mayfly serve [flags]   serve the chat; "mayfly serve -help" lists the flags
	mayfly dev [flags]     serve it to this machine alone, with people to sign in as, to try it and to work on it
	mayfly version         print the version

"mayfly serve" alone is a chat for this machine: open the URL that it prints.
`

// run runs the command in args until it ends or ctx is done.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return errors.New("say what to do, such as: mayfly serve")
	}
	switch args[0] {
	case "serve":
		return runServe(ctx, args[1:], getenv, stdout, stderr)
	case "dev":
		return runDev(ctx, args[1:], getenv, stdout, stderr)
	case "version", "-version", "--version":
		fmt.Fprintln(stdout, "mayfly "+wire.Version+buildOf())
		return nil
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
		return nil
	default:
		fmt.Fprint(stderr, usage)
		return fmt.Errorf("there is no %q: want serve, dev or version", args[0])
	}
}

// buildOf returns the Go version that built the binary, in parentheses.
func buildOf() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return " (" + info.GoVersion + ")"
}
