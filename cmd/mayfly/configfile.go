package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// configFlag is the name of the flag that names the configuration file.
const configFlag = "config"

// maxConfigFile is the most bytes that a configuration file may have. A file with every flag has some 5 KiB.
const maxConfigFile = 1 << 20

// listSeparators has, by flag, what separates the parts of a flag that is a list. All other lists have commas.
var listSeparators = map[string]string{"scopes": " ", "authorize-params": "&"}

// readFile sets flags from the file that the flag -config names, if it names one. The file is YAML: a mapping from the names
// of flags, without the dash, to their values. A flag on the command line or in the environment wins over the file.
//
// A name that is a flag of neither mayfly serve nor mayfly dev is a problem, and so is a name that stands there twice. The
// format is YAML and not TOML: of the two libraries that Mayfly could use, only the one for YAML says on which line a name
// stands. A value is taken as it is written in the file, so YAML's rules about what is a number or a date do not matter.
func (s *settings) readFile() {
	fl := s.flags.Lookup(configFlag)
	if fl == nil || fl.Value.String() == "" {
		return
	}
	path := fl.Value.String()
	pairs, err := yamlPairs(path)
	if err != nil {
		s.problem("%s is %q: %w", s.from[configFlag], path, err)
		return
	}
	lines := map[string]int{} // by name, the line on which it stands
	for i := 0; i+1 < len(pairs); i += 2 {
		key, value := pairs[i], pairs[i+1]
		at := fmt.Sprintf("%s:%d: ", path, key.Line)
		if first := lines[key.Value]; first > 0 {
			s.problem("%s%s stands there twice, first on line %d: want it once", at, key.Value, first)
			continue
		}
		lines[key.Value] = key.Line
		s.readPair(at, key, value)
	}
}

// readPair sets the flag that one line of the file names. at is the file and the line, for error messages.
func (s *settings) readPair(at string, key, value *yaml.Node) {
	name := key.Value
	fl := s.flags.Lookup(name)
	switch {
	case key.Kind != yaml.ScalarNode:
		s.problem("%swant the name of a setting, such as public-url", at)
	case name == configFlag:
		s.problem("%s%s is no setting of a file: want it as a flag, or as %s", at, name, variableOf(fl))
	case fl == nil && knownVariables()[variablePrefix+upper(name)] && upper(name) != oktaTokenKey: // of another command
	case fl == nil:
		s.unknownName(at, name)
	case s.from[name] != "":
	default:
		text, err := flagText(name, value)
		if err != nil {
			s.wrong[name] = true
			s.problem("%s%s %w", at, name, err)
			return
		}
		s.set(fl, text, at+name)
	}
}

// oktaTokenKey is how a file would name the Okta API token, in upper case. A file must not have it, because others can
// often read the file.
var oktaTokenKey = strings.TrimPrefix(oktaTokenVariable, variablePrefix)

// unknownName adds the problem that a file has a name that is no setting.
func (s *settings) unknownName(at, name string) {
	if like := s.nearest(strings.TrimLeft(name, "-")); like != "" {
		s.problem("%sthere is no setting %s: do you mean %s?", at, name, like)
		return
	}
	s.problem("%sthere is no setting %s: want the name of a flag without its dash; mayfly %s -help lists what there is",
		at, name, s.flags.Name())
}

// yamlPairs returns the names and values in the file at path, alternating. An empty file has none.
func yamlPairs(path string) ([]*yaml.Node, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: want a file that this user may read", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxConfigFile+1))
	if err != nil {
		return nil, fmt.Errorf("%w: want a file that this user may read", err)
	}
	if len(content) > maxConfigFile {
		return nil, fmt.Errorf("it has more than %d bytes: want a file of settings", maxConfigFile)
	}
	var document, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("%s: want lines such as public-url: https://chat.example.com",
			strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("it has a second document behind ---: want one")
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, errors.New("it has no settings: want lines such as public-url: https://chat.example.com")
	}
	return root.Content, nil
}

// flagText returns the value of the flag with this name as the command line would have it.
func flagText(name string, value *yaml.Node) (string, error) {
	switch value.Kind {
	case yaml.ScalarNode:
		if value.Tag == "!!null" {
			return "", errors.New("has no value: want one behind the colon")
		}
		return value.Value, nil
	case yaml.SequenceNode:
		var parts []string
		for _, part := range value.Content {
			if part.Kind != yaml.ScalarNode {
				return "", errors.New("is a list with more than texts in it: want [a, b]")
			}
			parts = append(parts, part.Value)
		}
		separator, ok := listSeparators[name]
		if !ok {
			separator = ","
		}
		return strings.Join(parts, separator), nil
	default:
		return "", errors.New("is neither a text nor a list: want a value behind the colon")
	}
}
