package markup_test

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"mayfly/shared/markup"
)

// bracketed returns a text with its links in ⟦⟧.
func bracketed(pieces []markup.Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		if p.Href == "" {
			b.WriteString(p.Text)
		} else {
			b.WriteString("⟦" + p.Text + "⟧")
		}
	}
	return b.String()
}

// TestLinks has pairs of a text and the same text with its links in ⟦⟧. The address of a link is its text.
func TestLinks(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		// No link.
		{"", ""},
		{"no link", "no link"},
		{"example.com www.example.com", "example.com www.example.com"},
		{"javascript:alert(1)", "javascript:alert(1)"},
		{"data:text/html,x", "data:text/html,x"},
		{"vbscript:x blob:x about:blank tel:1", "vbscript:x blob:x about:blank tel:1"},
		{"ftp://a.example file:///etc/passwd //a.example", "ftp://a.example file:///etc/passwd //a.example"},
		{"http:/a.example https:a.example", "http:/a.example https:a.example"},
		{"https://", "https://"},
		{"https:// a.example", "https:// a.example"},
		{"https:///x", "https:///x"},
		{"https://?x", "https://?x"},
		{"https://#x", "https://#x"},
		{"https://.", "https://."},
		{"https://-a.example", "https://-a.example"},
		{"https://:80/", "https://:80/"},
		{"https://。example", "https://。example"},
		{"https://[", "https://["},
		{"https://[]", "https://[]"},
		{"https://[::1", "https://[::1"},
		{"https://[x]/", "https://[x]/"},
		{"mailto:", "mailto:"},
		{"mailto:ada", "mailto:ada"},
		{"mailto:@example.com", "mailto:@example.com"},
		{"mailto:ada@", "mailto:ada@"},
		{"mailto:ada@?subject=x", "mailto:ada@?subject=x"},
		{"h", "h"},
		{"https:/", "https:/"},

		// A whole text.
		{"https://example.com", "⟦https://example.com⟧"},
		{"http://example.com", "⟦http://example.com⟧"},
		{"HTTPS://Example.com", "⟦HTTPS://Example.com⟧"},
		{"hTTp://localhost:8080", "⟦hTTp://localhost:8080⟧"},
		{"https://a", "⟦https://a⟧"},
		{"https://1", "⟦https://1⟧"},
		{"https://192.0.2.1/x", "⟦https://192.0.2.1/x⟧"},
		{"https://[::1]:8080/x", "⟦https://[::1]:8080/x⟧"},
		{"https://[2001:db8::1]", "⟦https://[2001:db8::1]⟧"},
		{"https://[::ffff:192.0.2.1]/", "⟦https://[::ffff:192.0.2.1]/⟧"},
		{"https://my_host.example/", "⟦https://my_host.example/⟧"},
		{"https://ex%61mple.com/", "⟦https://ex%61mple.com/⟧"},
		{"https://example.com:443/a", "⟦https://example.com:443/a⟧"},
		{"https://example.com:/a", "⟦https://example.com:/a⟧"},
		{"https://example.com:65535", "⟦https://example.com:65535⟧"},
		{"https://example.com:65536", "https://example.com:65536"},
		{"https://example.com?x=1", "⟦https://example.com?x=1⟧"},
		{"https://example.com#x", "⟦https://example.com#x⟧"},
		{"https://example.com./a", "⟦https://example.com./a⟧"},
		{"https://https://example.com/a", "⟦https://https://example.com/a⟧"},
		{"https://web.archive.org/web/2024/https://example.com/", "⟦https://web.archive.org/web/2024/https://example.com/⟧"},
		{"see http://example.com/a?b=c#d now", "see ⟦http://example.com/a?b=c#d⟧ now"},
		{"line\nhttps://a.example\nline", "line\n⟦https://a.example⟧\nline"},
		{"a\thttps://a.example\tb", "a\t⟦https://a.example⟧\tb"},

		// What may stand before a link.
		{"xhttps://a.example", "xhttps://a.example"},
		{"7https://a.example", "7https://a.example"},
		{"_https://a.example", "_https://a.example"},
		{"git+https://a.example", "git+https://a.example"},
		{"x-https://a.example", "x-https://a.example"},
		{"x.https://a.example", "x.https://a.example"},
		{"amailto:a@b.example", "amailto:a@b.example"},
		{"詳細はhttps://example.com/a", "詳細は⟦https://example.com/a⟧"},
		{"والرابطhttps://example.com/a", "والرابط⟦https://example.com/a⟧"},
		{"linkéhttps://example.com/a", "linké⟦https://example.com/a⟧"},
		{"कखhttp://example.com", "कख⟦http://example.com⟧"},
		{"链接mailto:a@example.com", "链接⟦mailto:a@example.com⟧"},
		{"٣https://example.com", "٣⟦https://example.com⟧"},
		{"👍https://example.com", "👍⟦https://example.com⟧"},
		{":https://a.example", ":⟦https://a.example⟧"},
		{"=https://a.example", "=⟦https://a.example⟧"},
		{"/https://a.example", "/⟦https://a.example⟧"},
		{"*https://a.example*", "*⟦https://a.example⟧*"},
		{"~https://a.example~", "~⟦https://a.example⟧~"},
		{",https://a.example", ",⟦https://a.example⟧"},
		{"view-source:https://a.example", "view-source:⟦https://a.example⟧"},
		{"\u200Bhttps://a.example", "\u200B⟦https://a.example⟧"},
		{"\xffhttps://a.example", "\xff⟦https://a.example⟧"},

		// The punctuation of the sentence around it.
		{"https://a.example.", "⟦https://a.example⟧."},
		{"https://a.example, https://b.example", "⟦https://a.example⟧, ⟦https://b.example⟧"},
		{"https://a.example,https://b.example", "⟦https://a.example⟧,⟦https://b.example⟧"},
		{"https://a.example/x,https://b.example", "⟦https://a.example/x,https://b.example⟧"},
		{"https://a.example:", "⟦https://a.example⟧:"},
		{"https://a.example: it", "⟦https://a.example⟧: it"},
		{"https://a.example/?", "⟦https://a.example/⟧?"},
		{"https://a.example/x!?", "⟦https://a.example/x⟧!?"},
		{"https://a.example/x...", "⟦https://a.example/x⟧..."},
		{"https://a.example/x…", "⟦https://a.example/x⟧…"},
		{"https://a.example/x;", "⟦https://a.example/x⟧;"},
		{"'https://a.example/x'", "'⟦https://a.example/x⟧'"},
		{"https://a.example/it's", "⟦https://a.example/it's⟧"},
		{"https://a.example/a.b,c;d!e", "⟦https://a.example/a.b,c;d!e⟧"},
		{"**https://a.example/x**", "**⟦https://a.example/x⟧**"},
		{"_https://a.example/x_", "_https://a.example/x_"},
		{"https://a.example/x – so", "⟦https://a.example/x⟧ – so"},
		{"https://a.example/x—", "⟦https://a.example/x⟧—"},
		{"https://a.example/a-", "⟦https://a.example/a-⟧"},
		{"`https://a.example/x`", "`⟦https://a.example/x⟧`"},
		{"| https://a.example/x|", "| ⟦https://a.example/x⟧|"},
		{"mailto:ada@example.com!", "⟦mailto:ada@example.com⟧!"},
		{"mailto:ada@example.com?subject=Hi%20there", "⟦mailto:ada@example.com?subject=Hi%20there⟧"},
		{"mailto:ada@example.com, mailto:b@example.com", "⟦mailto:ada@example.com⟧, ⟦mailto:b@example.com⟧"},

		// Punctuation of other scripts.
		{"https://example.com/a。次は", "⟦https://example.com/a⟧。次は"},
		{"https://example.com、ok", "⟦https://example.com⟧、ok"},
		{"https://example.com。", "⟦https://example.com⟧。"},
		{"https://example.com。次は", "⟦https://example.com⟧。次は"},
		{"https://example.com/a，好", "⟦https://example.com/a⟧，好"},
		{"https://example.com/a！b", "⟦https://example.com/a⟧！b"},
		{"https://example.com/a？b", "⟦https://example.com/a⟧？b"},
		{"https://example.com/a；b：c", "⟦https://example.com/a⟧；b：c"},
		{"https://example.com：8080", "⟦https://example.com⟧：8080"},
		{"https://example.com．", "⟦https://example.com⟧．"},
		{"https://example.com｡ｱ", "⟦https://example.com⟧｡ｱ"},
		{"https://example.com/a؟", "⟦https://example.com/a⟧؟"},
		{"https://example.com/a، ثم", "⟦https://example.com/a⟧، ثم"},
		{"https://example.com/a؛", "⟦https://example.com/a⟧؛"},
		{"https://example.com/a۔", "⟦https://example.com/a⟧۔"},
		{"https://example.com/a। फिर", "⟦https://example.com/a⟧। फिर"},
		{"https://example.com/a։", "⟦https://example.com/a⟧։"},
		{"https://example.com/a።", "⟦https://example.com/a⟧።"},
		{"https://example.com/a။", "⟦https://example.com/a⟧။"},
		{"https://example.com/a។", "⟦https://example.com/a⟧។"},
		{"https://example.com/a‼", "⟦https://example.com/a⟧‼"},
		{"https://example.com／a", "⟦https://example.com⟧／a"},
		{"https://example.com・a", "⟦https://example.com・a⟧"},

		// Quotation marks.
		{`"https://a.example"`, `"⟦https://a.example⟧"`},
		{`https://a.example"onclick="x`, `⟦https://a.example⟧"onclick="x`},
		{"“https://a.example”", "“⟦https://a.example⟧”"},
		{"„https://a.example“ ja", "„⟦https://a.example⟧“ ja"},
		{"‘https://a.example/x’", "‘⟦https://a.example/x⟧’"},
		{"«https://a.example/x»", "«⟦https://a.example/x⟧»"},
		{"»https://a.example/x« ja", "»⟦https://a.example/x⟧« ja"},
		{"‹https://a.example/x›", "‹⟦https://a.example/x⟧›"},
		{"「https://a.example/x」を", "「⟦https://a.example/x⟧」を"},
		{"『https://a.example/x』を", "『⟦https://a.example/x⟧』を"},
		{"＂https://a.example/x＂", "＂⟦https://a.example/x⟧＂"},
		{"<https://a.example>", "<⟦https://a.example⟧>"},
		{"https://a.example<b>", "⟦https://a.example⟧<b>"},
		{"＜https://a.example＞", "＜⟦https://a.example⟧＞"},

		// Brackets.
		{"(https://a.example)", "(⟦https://a.example⟧)"},
		{"(https://a.example/x).", "(⟦https://a.example/x⟧)."},
		{"(https://example.com/a_(b)).", "(⟦https://example.com/a_(b)⟧)."},
		{"https://example.com/a_(b)", "⟦https://example.com/a_(b)⟧"},
		{"https://example.com/a_(b_(c))", "⟦https://example.com/a_(b_(c))⟧"},
		{"https://example.com/a(b", "⟦https://example.com/a⟧(b"},
		{"https://example.com/a)b", "⟦https://example.com/a⟧)b"},
		{"https://example.com/(a]b)", "⟦https://example.com/⟧(a]b)"},
		{"https://example.com/(a(b)]c)", "⟦https://example.com/⟧(a(b)]c)"},
		{"https://example.com/(a)[b]{c}", "⟦https://example.com/(a)[b]{c}⟧"},
		{"https://example.com/f()", "⟦https://example.com/f()⟧"},
		{"[text](https://a.example/x)", "[text](⟦https://a.example/x⟧)"},
		{"[https://a.example/x]", "[⟦https://a.example/x⟧]"},
		{"{https://a.example/x}", "{⟦https://a.example/x⟧}"},
		{"https://a.example(x)", "⟦https://a.example⟧(x)"},
		{"（https://example.com/a）", "（⟦https://example.com/a⟧）"},
		{"（https://example.com）", "（⟦https://example.com⟧）"},
		{"https://example.com（注）", "⟦https://example.com⟧（注）"},
		{"https://ja.example/東京（都）", "⟦https://ja.example/東京（都）⟧"},
		{"https://ja.example/東京（都", "⟦https://ja.example/東京⟧（都"},
		{"【https://example.com/a】", "【⟦https://example.com/a⟧】"},
		{"《https://example.com/a》", "《⟦https://example.com/a⟧》"},
		{"〔https://example.com/a〕", "〔⟦https://example.com/a⟧〕"},
		{"［https://example.com/a］", "［⟦https://example.com/a⟧］"},
		{"⟨https://example.com/a⟩", "⟨⟦https://example.com/a⟧⟩"},
		{"https://example.com/（a。b）", "⟦https://example.com/⟧（a。b）"},

		// What browsers take in a path or a query.
		{"https://example.com/{id}/x", "⟦https://example.com/{id}/x⟧"},
		{"https://example.com/d?f=a|b", "⟦https://example.com/d?f=a|b⟧"},
		{`https://example.com/d?f=a\b`, `⟦https://example.com/d?f=a\b⟧`},
		{"https://example.com/a^2", "⟦https://example.com/a^2⟧"},
		{"https://example.com/?q[]=1&q[]=2", "⟦https://example.com/?q[]=1&q[]=2⟧"},
		{"https://example.com/~ada/*x*/$1@2", "⟦https://example.com/~ada/*x*/$1@2⟧"},
		{"https://example.com/@ada/status", "⟦https://example.com/@ada/status⟧"},
		{"https://example.com/?mail=a@b.example", "⟦https://example.com/?mail=a@b.example⟧"},
		{"https://example.com/a%20b", "⟦https://example.com/a%20b⟧"},
		{"https://example.com/ü/東京/кот", "⟦https://example.com/ü/東京/кот⟧"},
		{"https://example.com/🎉", "⟦https://example.com/🎉⟧"},
		{"https://example.com/👨\u200D👩\u200D👧/x", "⟦https://example.com/👨\u200D👩\u200D👧/x⟧"},
		{"https://fa.example/می\u200Cخواهم", "⟦https://fa.example/می\u200Cخواهم⟧"},
		{"https://example.com/a\u200Cb", "⟦https://example.com/a⟧\u200Cb"},
		{"https://example.com/ا\u200C b", "⟦https://example.com/ا⟧\u200C b"},
		{`https://example.com\@evil.example`, `⟦https://example.com⟧\@evil.example`},

		// Hosts.
		{"https://bücher.example/ü", "⟦https://bücher.example/ü⟧"},
		{"https://例え.テスト", "⟦https://例え.テスト⟧"},
		{"https://президент.рф/", "⟦https://президент.рф/⟧"},
		{"https://i❤.example", "⟦https://i❤.example⟧"},
		{"https://paral·lel.example/", "⟦https://paral·lel.example/⟧"},
		{"https://हिन्दी.example", "⟦https://हिन्दी.example⟧"},
		{"https://bank.example@evil.example/", "https://bank.example@evil.example/"},
		{"https://user:pass@evil.example/", "https://user:pass@evil.example/"},
		{"https://bank.example:443@evil.example/", "https://bank.example:443@evil.example/"},
		{"https://bank.example＠evil.example/", "https://bank.example＠evil.example/"},
		{"https://a.example/\u202Egpj.exe", "⟦https://a.example/⟧\u202Egpj.exe"},
		{"https://a.example/\u200Bx", "⟦https://a.example/⟧\u200Bx"},
		{"https://\u202Ea.example", "https://\u202Ea.example"},
		{"https://a.example\u2066/x", "⟦https://a.example⟧\u2066/x"},
		{"https://a.example/\xffx", "⟦https://a.example/⟧\xffx"},
		{"https://a.example\u0000x", "⟦https://a.example⟧\u0000x"},
		{"mailto:ada@bücher.example", "⟦mailto:ada@bücher.example⟧"},
		{"mailto:(ada)@example.com", "⟦mailto:(ada)@example.com⟧"},
		{"(mailto:ada@example.com)", "(⟦mailto:ada@example.com⟧)"},
	} {
		pieces := markup.Links(tt.text)
		if got := bracketed(pieces); got != tt.want {
			t.Errorf("%q has the links %q, want %q", tt.text, got, tt.want)
		}
		for _, p := range pieces {
			if p.Href != "" && p.Href != p.Text {
				t.Errorf("the link %q leads to %q", p.Text, p.Href)
			}
		}
	}
}

func TestHost(t *testing.T) {
	for _, tt := range []struct{ link, host string }{
		{"https://example.com", "example.com"},
		{"HTTPS://Example.com:8080/x", "Example.com"},
		{"https://аррӏе.com/#xn--80ak6aa92e.com", "аррӏе.com"},
		{"https://a.example/b.example", "a.example"},
		{"https://a.example?b.example", "a.example"},
		{"https://[::1]:80/x", "[::1]"},
		{"https://example.com./x", "example.com."},
		{"https://example.com.", "example.com"},
		{"https://ex%61mple.com", "ex%61mple.com"},
		{"mailto:ada@bücher.example", "bücher.example"},
		{"mailto:ada@a.example?to=b@b.example", "a.example"},
	} {
		if p := markup.Links(tt.link); p[0].Host != tt.host {
			t.Errorf("%q is %+v, want the host %q", tt.link, p, tt.host)
		}
	}
}

func TestLinksAreBounded(t *testing.T) {
	links := strings.Count(bracketed(markup.Links(strings.Repeat("http://a.b ", 400))), "⟦")
	if links != markup.MaxLinks {
		t.Errorf("%d links of 400 can be clicked, want %d", links, markup.MaxLinks)
	}
}

// FuzzLinks checks that no character of a text is lost or moved, and that only texts that begin with one of the three
// schemes become links.
func FuzzLinks(f *testing.F) {
	for _, s := range []string{"see https://example.com/a_(b).", "mailto:a@b", "javascript:x", "http://\xff", "hhttp://mmailto:a@b",
		"https://a（b）。", "https://[::1]:1/{x", "https://a\u200Db"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		whole, links := "", 0
		for _, p := range markup.Links(text) {
			whole += p.Text
			if p.Href == "" {
				continue
			}
			links++
			lower := strings.ToLower(p.Href)
			if p.Href != p.Text || p.Host == "" || !strings.Contains(p.Href, p.Host) || !utf8.ValidString(p.Href) ||
				!strings.HasPrefix(lower, "https://") && !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "mailto:") {
				t.Errorf("%q becomes the link %+v", text, p)
			}
		}
		if whole != text || links > markup.MaxLinks {
			t.Errorf("%q has %d links, and is %q", text, links, whole)
		}
	})
}

func BenchmarkLinks(b *testing.B) {
	for _, text := range []string{"https://", "https://a/(", "https://a/", "mailto:", "(", "（a）", "https://a@", "x "} {
		for _, n := range []int{1000, 10_000, 100_000} {
			long := strings.Repeat(text, n/len(text))
			b.Run(text+"/"+strconv.Itoa(n), func(b *testing.B) {
				for b.Loop() {
					markup.Links(long)
				}
			})
		}
	}
}
