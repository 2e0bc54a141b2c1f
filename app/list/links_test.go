package list_test

import (
	"strings"
	"testing"

	"mayfly/app/list"
)

func TestPieces(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"no link", "no link"},
		{"https://example.com", "[https://example.com]"},
		{"see http://example.com/a?b=c#d now", "see [http://example.com/a?b=c#d] now"},
		{"HTTPS://Example.com", "[HTTPS://Example.com]"},
		{"mailto:ada@example.com!", "[mailto:ada@example.com]!"},
		{"(https://example.com/a_(b)).", "([https://example.com/a_(b)])."},
		{"https://a.example, https://b.example", "[https://a.example], [https://b.example]"},
		{"“https://a.example”", "“[https://a.example]”"},
		{"https://[::1]:8080/x", "[https://[::1]:8080/x]"},
		{"https://bücher.example/ü", "[https://bücher.example/ü]"},
		{"line\nhttps://a.example\nline", "line\n[https://a.example]\nline"},

		{"javascript:alert(1)", "javascript:alert(1)"},
		{"data:text/html,x", "data:text/html,x"},
		{"ftp://a.example file:///etc/passwd //a.example", "ftp://a.example file:///etc/passwd //a.example"},
		{"https://", "https://"},
		{"https:///x", "https:///x"},
		{"mailto:", "mailto:"},
		{"mailto:ada", "mailto:ada"},
		{"xhttps://a.example", "xhttps://a.example"},
		{"https://bank.example@evil.example/", "https://bank.example@evil.example/"},
		{"https://a.example/\u202Egpj.exe", "[https://a.example/]\u202Egpj.exe"},
		{"https://a.example/\u200Bx", "[https://a.example/]\u200Bx"},
		{`https://a.example"onclick="x`, `[https://a.example]"onclick="x`},
		{"https://a.example<b>", "[https://a.example]<b>"},
		{"https://\u202Ea.example", "https://\u202Ea.example"},
	} {
		if got := strings.Join(list.Pieces(tt.text), ""); got != tt.want {
			t.Errorf("pieces(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestPiecesAreBounded(t *testing.T) {
	links := 0
	for _, p := range list.Pieces(strings.Repeat("http://a.b ", 400)) {
		if strings.HasPrefix(p, "[") {
			links++
		}
	}
	if links != list.MaxLinks {
		t.Errorf("%d links of 400 can be clicked, want %d", links, list.MaxLinks)
	}
}

// FuzzPieces holds that nothing of a text gets lost, and that nothing but the three schemes becomes a link.
func FuzzPieces(f *testing.F) {
	for _, s := range []string{"see https://example.com/a_(b).", "mailto:a@b", "javascript:x", "http://\xff", "hhttp://mmailto:a@b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		whole := ""
		for _, p := range list.RawPieces(text) {
			whole += p[0]
			if p[1] != "" && !strings.HasPrefix(strings.ToLower(p[1]), "http") && !strings.HasPrefix(strings.ToLower(p[1]), "mailto:") {
				t.Errorf("%q becomes a link", p[1])
			}
		}
		if whole != text {
			t.Errorf("the pieces of %q are %q", text, whole)
		}
	})
}
