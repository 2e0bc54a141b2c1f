package admission_test

import (
	"strings"
	"testing"

	"mayfly/server/admission"
)

func TestNewOriginsReportsEveryProblem(t *testing.T) {
	_, err := admission.NewOrigins("chat.example.com", []string{"ftp://x", "https://ok.example", "https://x/path"}, "8080")
	if err == nil || strings.Count(err.Error(), "is no origin") != 3 {
		t.Errorf("NewOrigins = %v, want three problems", err)
	}
	o, err := admission.NewOrigins("https://Chat.Example.com:443/", nil, "8080")
	if err != nil || o.Public() != "https://chat.example.com" {
		t.Errorf("public = %v, %v, want https://chat.example.com", o.Public(), err)
	}
}
