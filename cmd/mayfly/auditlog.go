package main

import (
	"fmt"
	"log/slog"
	"os"

	"mayfly/server/audit"
)

// toStdout is the value of the flag -audit that means the standard output of the process.
const toStdout = "-"

// openAudit opens the audit log that path, the value of the flag -audit, names. It returns nil if path is empty.
func openAudit(path string, log *slog.Logger) (*audit.Log, error) {
	switch path {
	case "":
		return nil, nil
	case toStdout:
		return audit.New(os.Stdout, log), nil
	}
	l, err := audit.Open(path, log)
	if err != nil {
		return nil, configError{fmt.Errorf("-audit is %q: %w: want a file that this user may write to, or -", path, err)}
	}
	return l, nil
}

// keepAudit writes the lines of l until the node ends. At SIGHUP it opens the file again: a program that rotates logs may
// have moved it away. l may be nil.
func (n *node) keepAudit(l *audit.Log) {
	if l == nil {
		return
	}
	n.background(l.Run)
	n.onHangup(func() {
		if err := l.Reopen(); err != nil {
			n.log.Error("the audit log cannot be opened again; it goes on in the old file", "err", err)
		}
	})
}
