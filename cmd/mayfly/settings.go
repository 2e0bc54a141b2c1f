package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// environment holds the environment variables of the process, by name.
type environment map[string]string

// environmentOf returns the environment in lines of the form NAME=VALUE.
func environmentOf(lines []string) environment {
	env := environment{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	return env
}

// settings reads the values of flags from a command line, then from the environment, then from a file. Package flag stops at
// the first problem; settings goes on and collects every problem.
type settings struct {
	flags   *flag.FlagSet
	operand *string           // where the argument that is no flag goes, such as a URL; nil: the command takes none
	from    map[string]string // by flag, where its value comes from: -conns, MAYFLY_CONNS, or mayfly.yml:3: conns
	wrong   map[string]bool   // the flags without a usable value: each keeps its default, and errs has the problem
	errs    []error           // the problems with single values
	checked []error           // the problems that a check of all values has found
}

func newSettings(flags *flag.FlagSet) *settings {
	return &settings{flags: flags, from: map[string]string{}, wrong: map[string]bool{}}
}

func (s *settings) problem(format string, args ...any) {
	s.errs = append(s.errs, fmt.Errorf(format, args...))
}

// readArgs sets the flags on the command line. It returns flag.ErrHelp for a flag that asks for help, else nil.
func (s *settings) readArgs(args []string) error {
	before := "" // the name of the previous flag if it is a switch (see isSwitch) and has no value; else ""
	for len(args) > 0 {
		arg, rest := args[0], args[1:]
		name, value, hasValue := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
		fl, wasSwitch := s.flags.Lookup(name), before
		args, before = rest, ""
		switch {
		case !strings.HasPrefix(arg, "-") && wasSwitch != "" && (arg == "true" || arg == "false"):
			s.problem("-%s is a switch: want -%s=%s, with an equals sign", wasSwitch, wasSwitch, arg)
		case !strings.HasPrefix(arg, "-") && s.operand != nil && *s.operand == "":
			*s.operand = arg
		case !strings.HasPrefix(arg, "-") || name == "":
			s.problem("%q is no flag: flags begin with a dash", arg)
		case fl == nil && (name == "help" || name == "h"):
			return flag.ErrHelp
		case fl == nil:
			s.unknownFlag(name)
			if !hasValue && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
				args = rest[1:] // skip rest[0], which is most likely the value of the unknown flag
			}
		case isSwitch(fl) && !hasValue:
			s.set(fl, "true", "-"+name)
			before = name
		case hasValue:
			s.set(fl, value, "-"+name)
		case len(rest) == 0 || s.isFlag(rest[0]):
			s.from[name], s.wrong[name] = "-"+name, true
			s.problem("-%s has no value: %s", name, wanted(fl, "", errors.New("want one behind it")))
		default:
			s.set(fl, rest[0], "-"+name)
			args = rest[1:]
		}
	}
	return nil
}

// isFlag reports whether arg is the name of an existing flag behind a dash. A dash alone is not enough, because values may
// begin with a dash, too.
func (s *settings) isFlag(arg string) bool {
	name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	return strings.HasPrefix(arg, "-") && s.flags.Lookup(name) != nil
}

// isSwitch reports whether fl is a switch: a flag that may be set without a value, which means true.
func isSwitch(fl *flag.Flag) bool {
	value, ok := fl.Value.(interface{ IsBoolFlag() bool })
	return ok && value.IsBoolFlag()
}

// set sets fl to value. source is the flag, the variable or the line of a file that the value came from, for error messages.
// If the value is not usable, fl keeps its default.
func (s *settings) set(fl *flag.Flag, value, source string) {
	s.from[fl.Name] = source
	err := s.flags.Set(fl.Name, value)
	if err == nil {
		return
	}
	s.wrong[fl.Name] = true
	s.problem("%s is %q: %s", source, value, wanted(fl, value, err))
	if err := fl.Value.Set(fl.DefValue); err != nil {
		s.problem("the default of -%s: %w", fl.Name, err)
	}
}

// wanted says, as a part of an error message, what kind of value the flag fl expects. err is the error with which fl has
// refused value.
func wanted(fl *flag.Flag, value string, err error) string {
	getter, ok := fl.Value.(flag.Getter)
	if !ok {
		return err.Error()
	}
	switch getter.Get().(type) {
	case time.Duration:
		if n, err := strconv.Atoi(value); err == nil && n > 0 {
			return fmt.Sprintf("want a time with its unit, such as %ds, %dm or %dh", n, n, n)
		}
		return "want a time with its unit, such as 30s, 5m or 24h"
	case int:
		return "want a whole number, such as " + fl.DefValue
	case bool:
		return "want true or false"
	default:
		return err.Error()
	}
}

// readEnvironment sets flags from their environment variables. A flag on the command line wins over its variable, and an
// empty variable sets nothing. readEnvironment also reports every other variable that begins with MAYFLY_, except those of
// knownVariables and ofKubernetes: if a misspelled variable were ignored, a chat that the operator meant to restrict could
// be open to everyone.
func (s *settings) readEnvironment(env environment) {
	s.flags.VisitAll(func(fl *flag.Flag) {
		name := variableOf(fl)
		if value := env[name]; value != "" && s.from[fl.Name] == "" {
			s.set(fl, value, name)
		}
	})
	known := knownVariables()
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if !strings.HasPrefix(name, variablePrefix) || known[name] || env[name] == "" || ofKubernetes(name, env[name]) {
			continue
		}
		flagName := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, variablePrefix)), "_", "-")
		if like := s.nearest(flagName); like != "" {
			s.problem("there is no variable %s: do you mean %s?", name, variableOf(s.flags.Lookup(like)))
			continue
		}
		s.problem("there is no variable %s: unset it; mayfly %s -help lists what there is", name, s.flags.Name())
	}
}

const variablePrefix = "MAYFLY_"

// variableOf returns the name of the environment variable that sets a flag.
func variableOf(fl *flag.Flag) string {
	return variablePrefix + upper(fl.Name)
}

// upper returns the name of a flag as its variable has it.
func upper(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }

// knownVariables returns the names of the variables of all commands. Both mayfly serve and mayfly dev may be started with
// one environment file, so a variable that only the other command has is no mistake.
func knownVariables() map[string]bool {
	known := map[string]bool{oktaTokenVariable: true}
	f := flag.NewFlagSet("", flag.ContinueOnError)
	defineFlags(f, &config{}, nil)
	defineAuthFlags(f, &authFlags{}, nil)
	new(devConfig).defineFlags(f)
	f.VisitAll(func(fl *flag.Flag) { known[variableOf(fl)] = true })
	return known
}

// serviceVariable matches the variables that Kubernetes sets in a container for a service named mayfly, or mayfly-NAME, all
// but the variable that ends with _PORT.
var serviceVariable = regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

// ofKubernetes reports whether Kubernetes has set the variable name to value, for a service named mayfly. The name of such a
// variable may begin with MAYFLY_, but it is no mistake of the operator.
func ofKubernetes(name, value string) bool {
	return serviceVariable.MatchString(name) || strings.HasSuffix(name, "_PORT") && strings.Contains(value, "://")
}

// unknownFlag adds the problem that there is no flag with this name.
func (s *settings) unknownFlag(name string) {
	if s.operand != nil && name == "url" {
		s.problem("there is no flag -url: the URL stands alone, without one")
		return
	}
	if like := s.nearest(name); like != "" {
		s.problem("there is no flag -%s: do you mean -%s?", name, like)
		return
	}
	s.problem("there is no flag -%s: mayfly %s -help lists what there is", name, s.flags.Name())
}

// otherNames maps flags of other servers, such as -port, to the flag of Mayfly for the same purpose.
var otherNames = map[string]string{
	"port": "listen", "host": "listen", "addr": "listen", "address": "listen", "bind": "listen",
	"url": "public-url", "log-format": "log", "metrics": "admin",
}

// maxTypos is how many letters of a misspelled flag may be wrong. If more are wrong, nearest does not guess which flag the
// operator meant.
const maxTypos = 2

// nearest returns the name of the flag that the operator probably meant by name, "" if no flag has a similar name. This flag
// keeps its default, because the operator's value is behind the misspelled name. So nearest also adds the flag to s.wrong.
func (s *settings) nearest(name string) string {
	best, least := otherNames[name], min(maxTypos+1, len(name))
	if s.flags.Lookup(best) == nil { // name is no other name, or this command lacks the flag
		best = ""
		s.flags.VisitAll(func(fl *flag.Flag) {
			typos := distance(name, fl.Name)
			if strings.HasPrefix(fl.Name, name+"-") {
				typos = min(typos, maxTypos)
			}
			if typos < least {
				best, least = fl.Name, typos
			}
		})
	}
	if best != "" {
		s.wrong[best] = true
	}
	return best
}

// distance returns how many letters must be added, removed or changed to turn the word a into the word b (Levenshtein
// distance).
func distance(a, b string) int {
	row := make([]int, len(b)+1) // row[j] is the distance between the part of a that was read and b[:j]
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// namedFlag matches each flag in the text of a problem, such as -listen.
var namedFlag = regexp.MustCompile(`(?:^|[ (])-([a-z][a-z-]*)`)

// all returns the problems in one error: first those in s.errs, then those in s.checked, then those in tried, which a trial
// of the values has found. Of the last two it leaves out each problem that names a flag in s.wrong. The operator's value of
// such a flag could not be read, so the check has seen the default in its place. A problem that begins with a flag is about
// its value; if the value comes from a variable or a file, all adds from where.
func (s *settings) all(tried ...error) error {
	errs := s.errs
	joined := errors.Join(append(s.checked, tried...)...)
	if joined == nil {
		return errors.Join(errs...)
	}
	for line := range strings.SplitSeq(joined.Error(), "\n") {
		named := namedFlag.FindAllStringSubmatch(line, -1)
		if !slices.ContainsFunc(named, func(m []string) bool { return s.wrong[m[1]] }) {
			errs = append(errs, errors.New(line+s.origin(line)))
		}
	}
	return errors.Join(errs...)
}

// named returns the flags without a usable value and the flags that err mentions. err comes from the method all.
func (s *settings) named(err error) map[string]bool {
	names := maps.Clone(s.wrong)
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			for _, m := range namedFlag.FindAllStringSubmatch(line, -1) {
				names[m[1]] = true
			}
		}
	}
	return names
}

// aboutFlag finds the flag with which the text of a problem begins.
var aboutFlag = regexp.MustCompile(`^-([a-z][a-z-]*)`)

// origin returns from where the flag with which problem begins has its value, as the end of a sentence. It returns "" if the
// value is the default, or from the command line.
func (s *settings) origin(problem string) string {
	m := aboutFlag.FindStringSubmatch(problem)
	if m == nil || s.from[m[1]] == "" || strings.HasPrefix(s.from[m[1]], "-") {
		return ""
	}
	return " (from " + s.from[m[1]] + ")"
}

// differs returns the flags whose values differ from their defaults, sorted, for the log. No flag holds a secret. oktaToken
// says whether there is an Okta API token, which differs shows without its value.
func (s *settings) differs(oktaToken bool) (flags []slog.Attr) {
	s.flags.VisitAll(func(fl *flag.Flag) {
		if value := fl.Value.String(); value != fl.DefValue {
			flags = append(flags, slog.String(fl.Name, value))
		}
	})
	if oktaToken {
		flags = append(flags, slog.String("okta-api-token", "hidden"))
	}
	return flags
}
