package markup_test

import (
	"strconv"
	"strings"
	"testing"

	"mayfly/shared/markup"
)

// signs stand for the kinds of nodes in the notation of these tests.
var signs = map[markup.Kind]string{markup.Link: "@", markup.Bold: "B", markup.Italic: "I", markup.Strike: "S",
	markup.Code: "C", markup.CodeBlock: "F", markup.Quote: "Q", markup.Bullets: "L", markup.Numbers: "N", markup.Item: "•"}

// notation returns nodes in one line: a text as it is, with ⏎ for a line break, and any other node as its sign, the
// language or the number, and ⟦what is shown in it⟧.
func notation(nodes []markup.Node) string {
	var b strings.Builder
	for _, n := range nodes {
		switch n.Kind {
		case markup.Mark:
		case markup.Text:
			b.WriteString(strings.ReplaceAll(n.Text, "\n", "⏎"))
		default:
			sign := signs[n.Kind]
			if n.Number > 0 {
				sign = strconv.Itoa(n.Number)
			}
			b.WriteString(sign + n.Language + "⟦" + n.Text + notation(n.Nodes) + "⟧")
		}
	}
	return b.String()
}

// source returns the text of which nodes were made.
func source(nodes []markup.Node) string {
	var b strings.Builder
	for _, n := range nodes {
		b.WriteString(n.Text + source(n.Nodes))
	}
	return b.String()
}

// TestParse has texts with their nodes in the notation. Where the notation is the text, the text stays as it is written.
func TestParse(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		// Nothing but text.
		{"", ""},
		{"lunch?", "lunch?"},
		{"a\nb\n\n\nc", "a⏎b⏎⏎⏎c"},
		{" two  spaces ", " two  spaces "},
		{"# no heading\n## nor this", "# no heading⏎## nor this"},
		{"a\n---\nb\n===", "a⏎---⏎b⏎==="},
		{"<b>x</b> &amp; <!-- y -->", "<b>x</b> &amp; <!-- y -->"},
		{"| a | b |\n|---|---|\n| 1 | 2 |", "| a | b |⏎|---|---|⏎| 1 | 2 |"},
		{"![image](x.png)", "![image](x.png)"},
		{"[text](target)", "[text](target)"},
		{"\xff\xfe*a*\x80", "\xff\xfeI⟦a⟧\x80"},

		// Bold.
		{"**bold**", "B⟦bold⟧"},
		{"so **bold** it is", "so B⟦bold⟧ it is"},
		{"**two words**", "B⟦two words⟧"},
		{"**a** and **b**", "B⟦a⟧ and B⟦b⟧"},
		{"(**a**), **b**.", "(B⟦a⟧), B⟦b⟧."},
		{"**Note:** text", "B⟦Note:⟧ text"},
		{"**Ada**'s", "B⟦Ada⟧'s"},
		{"\"**a**\"", "\"B⟦a⟧\""},
		{"**👍**", "B⟦👍⟧"},
		{"**❤️**a **1️⃣**a", "B⟦❤️⟧a B⟦1️⃣⟧a"},
		{"**a", "**a"},
		{"a**", "a**"},
		{"** a**", "** a**"},
		{"**a **", "**a **"},
		{"**a*", "**a*"},
		{"*a**", "*a**"},
		{"****", "****"},
		{"****a****", "****a****"},
		{"** **", "** **"},
		{"**a\nb**", "**a⏎b**"},
		{"**a**\n**b**", "B⟦a⟧⏎B⟦b⟧"},
		{"**a **b** c**", "B⟦a B⟦b⟧ c⟧"},

		// Italic.
		{"*italic*", "I⟦italic⟧"},
		{"_italic_", "I⟦italic⟧"},
		{"*a* _b_", "I⟦a⟧ I⟦b⟧"},
		{"_a_.", "I⟦a⟧."},
		{"(_a_)", "(I⟦a⟧)"},
		{"*a* b*", "I⟦a⟧ b*"},
		{"*a *b*", "*a I⟦b⟧"},
		{"*_", "*_"},
		{"*a_", "*a_"},
		{"*a _b* c_", "I⟦a _b⟧ c_"},
		{"*nods*", "I⟦nods⟧"},
		{"_a\nb_", "_a⏎b_"},
		{"_a b_c_", "I⟦a b_c⟧"},
		{"_(a)_", "I⟦(a)⟧"},

		// Struck.
		{"~~gone~~", "S⟦gone⟧"},
		{"a ~~b c~~ d", "a S⟦b c⟧ d"},
		{"~a~", "~a~"},
		{"~~~a~~~", "~~~a~~~"},
		{"~~a", "~~a"},
		{"~/a ~/b", "~/a ~/b"},
		{"a ~~ b ~~", "a ~~ b ~~"},

		// One in the other.
		{"**_~~a~~_**", "B⟦I⟦S⟦a⟧⟧⟧"},
		{"***both***", "I⟦B⟦both⟧⟧"},
		{"**_a_**", "B⟦I⟦a⟧⟧"},
		{"_**a**_", "I⟦B⟦a⟧⟧"},
		{"**a *b***", "B⟦a I⟦b⟧⟧"},
		{"*a **b***", "I⟦a B⟦b⟧⟧"},
		{"***a** b*", "I⟦B⟦a⟧ b⟧"},
		{"***a* b**", "B⟦I⟦a⟧ b⟧"},
		{"***a**", "*B⟦a⟧"},
		{"**a***", "B⟦a⟧*"},
		{"***a*", "**I⟦a⟧"},
		{"*a **b* c**", "I⟦a **b⟧ c**"},
		{"**a *b** c*", "B⟦a *b⟧ c*"},
		{"~~**a**~~", "S⟦B⟦a⟧⟧"},
		{"*a **b ~~c _d_~~***", "I⟦a B⟦b S⟦c I⟦d⟧⟧⟧⟧"},
		{"*a _b ~~c **d _e *f*_**~~_*", "I⟦a I⟦b S⟦c B⟦d I⟦e *f*⟧⟧⟧⟧⟧"},
		{"*a _b ~~c **d _`e`_**~~_*", "I⟦a I⟦b S⟦c B⟦d I⟦`e`⟧⟧⟧⟧⟧"},

		// Inside words, and as people mean them.
		{"snake_case_name", "snake_case_name"},
		{"_private and _other", "_private and _other"},
		{"_snake_case_", "I⟦snake_case⟧"},
		{"2*3*4", "2*3*4"},
		{"a*b*c", "a*b*c"},
		{"2**3**4", "2**3**4"},
		{"a~~b~~c", "a~~b~~c"},
		{"5 * 3 * 2", "5 * 3 * 2"},
		{"5 ** 3 ** 2", "5 ** 3 ** 2"},
		{":-* and :-*", ":-* and :-*"},
		{"__init__", "__init__"},
		{"__init__ and __main__", "__init__ and __main__"},
		{"___", "___"},
		{"__bold__", "__bold__"},
		{`C:\*.*`, `C:\*.*`},
		{`dir C:\*.* D:\*.*`, `dir C:\*.* D:\*.*`},
		{`¯\_(ツ)_/¯`, `¯\_(ツ)_/¯`},
		{"(*_*) ^_^ -_- *_* o_O", "(*_*) ^_^ -_- *_* o_O"},
		{"^_^ lol ^_^, _x_ (^_^)", "^_^ lol ^_^, I⟦x⟧ (^_^)"},
		{"*_* hi *_* **.** ~~…~~", "*_* hi *_* **.** ~~…~~"},
		{"_(see above)_. _Really?_!", "I⟦(see above)⟧. I⟦Really?⟧!"},
		{"*.go *.md", "*.go *.md"},
		{"rm *.o && ls *", "rm *.o && ls *"},
		{"f(*args, **kwargs)", "f(*args, **kwargs)"},
		{"int *p, *q;", "int *p, *q;"},
		{"price* and *terms", "price* and *terms"},
		{"un*believ*able", "un*believ*able"},
		{"naïve_été_ñ", "naïve_été_ñ"},
		{"имя_файла_тут", "имя_файла_тут"},
		{"ファイル_名前_一覧", "ファイル_名前_一覧"},
		{"_a_b", "_a_b"},
		{"@some_user_ @other_user", "@some_user_ @other_user"},

		// Scripts without spaces.
		{"これは**太字**です", "これはB⟦太字⟧です"},
		{"これは*斜体*です", "これはI⟦斜体⟧です"},
		{"**これは。**あれ", "B⟦これは。⟧あれ"},
		{"これは**「太字」**です", "これはB⟦「太字」⟧です"},
		{"**중요**한", "B⟦중요⟧한"},
		{"นี่**หนา**ครับ", "นี่B⟦หนา⟧ครับ"},
		{"~~旧~~新", "S⟦旧⟧新"},
		{"価格は2*3*4円", "価格は2*3*4円"},
		{"**غامق** נו", "B⟦غامق⟧ נו"},

		// A backslash.
		{`\*a*`, `\*a*`},
		{`*a\*`, `*a\*`},
		{`\**a**`, `\**a**`},
		{`*a\* b*`, `I⟦a\* b⟧`},
		{"\\`a`", "\\`a`"},
		{"`C:\\` x", "C⟦C:\\⟧ x"},
		{"\\```\na\n```", "\\```⏎a⏎```"},
		{`\d+\s*`, `\d+\s*`},
		{`\> a`, `\> a`},

		// Code within a line.
		{"`code`", "C⟦code⟧"},
		{"a `b c` d", "a C⟦b c⟧ d"},
		{"`**a**` **b**", "C⟦**a**⟧ B⟦b⟧"},
		{"**`a`**", "B⟦C⟦a⟧⟧"},
		{"**a `b** c`", "**a C⟦b** c⟧"},
		{"x`y`z", "xC⟦y⟧z"},
		{"`a", "`a"},
		{"`a``", "`a``"},
		{"``a`b``", "C⟦a`b⟧"},
		{"`` `a` ``", "C⟦`a`⟧"},
		{"` a `", "C⟦a⟧"},
		{"` a`", "C⟦ a⟧"},
		{"` `", "C⟦ ⟧"},
		{"``", "``"},
		{"`a\nb`", "`a⏎b`"},
		{"```a b```", "C⟦a b⟧"},
		{"```a``` b", "C⟦a⟧ b"},
		{"`a` `b", "C⟦a⟧ `b"},
		{"`\u202Ea\u2066` b", "C⟦\u202Ea\u2066⟧ b"},
		{"it's a ` and ` b", "it's a C⟦and⟧ b"},

		// Lines of code.
		{"```\ncode\n```", "F⟦code⏎⟧"},
		{"```go\nx := *p\n```", "Fgo⟦x := *p⏎⟧"},
		{"``` c++ \nx\n```", "Fc++⟦x⏎⟧"},
		{"```\na\n\n  b\n```", "F⟦a⏎⏎  b⏎⟧"},
		{"a\n```\nb\n```\nc", "a⏎F⟦b⏎⟧c"},
		{"a\n\n```\nb\n```\n\nc", "a⏎⏎F⟦b⏎⟧⏎c"},
		{"look: ```\nb\n```\nwhat?", "look: F⟦b⏎⟧what?"},
		{"```a b\nc```", "F⟦a b⏎c⟧"},
		{"```\na```", "F⟦a⟧"},
		{"```\na\n``` and *b*", "F⟦a⏎⟧ and I⟦b⟧"},
		{"```\na\n``` ```\nb\n```", "F⟦a⏎⟧ F⟦b⏎⟧"},
		{"```\n`a` **b** https://a.example\n```", "F⟦`a` **b** https://a.example⏎⟧"},
		{"````\n```\n````", "F⟦```⏎⟧"},
		{"```\n> a\n- b\n```", "F⟦> a⏎- b⏎⟧"},
		{"```a-language-that-is-long\nb\n```", "F⟦a-language-that-is-long⏎b⏎⟧"},
		{"```\n\u202Ea\u2067\n```\nb", "F⟦\u202Ea\u2067⏎⟧b"},
		{"```\ncode *a*", "```⏎code I⟦a⟧"},
		{"```go\ncode", "```go⏎code"},
		{"```", "```"},
		{"```\n```", "```⏎```"},
		{"```go\n```", "```go⏎```"},
		{"```\n\n```\na\n```", "```⏎⏎F⟦a⏎⟧"},
		{"```\na\n````", "```⏎a⏎````"},
		{"``\na\n``", "``⏎a⏎``"},
		{"a `b ```\nc\n``` d`", "a `b F⟦c⏎⟧ d`"},
		{"*a ```\nc\n``` b*", "*a F⟦c⏎⟧ b*"},

		// Quotes.
		{"> a", "Q⟦a⟧"},
		{"> a\nb", "Q⟦a⏎⟧b"},
		{"a\n> b\n> c\nd", "a⏎Q⟦b⏎c⏎⟧d"},
		{"> a\n\n> b", "Q⟦a⏎⟧⏎Q⟦b⟧"},
		{"> a\n>\n> b", "Q⟦a⏎⏎b⟧"},
		{"> **a** `b`", "Q⟦B⟦a⟧ C⟦b⟧⟧"},
		{"> **a\n> b**", "Q⟦**a⏎b**⟧"},
		{"> > a\n> b", "Q⟦Q⟦a⏎⟧b⟧"},
		{">> a", "Q⟦Q⟦a⟧⟧"},
		{"> >_<", "Q⟦>_<⟧"},
		{"> > > > > > a", "Q⟦Q⟦Q⟦Q⟦Q⟦> a⟧⟧⟧⟧⟧"},
		{">>>>>> *a*", "Q⟦Q⟦Q⟦Q⟦Q⟦> *a*⟧⟧⟧⟧⟧"},
		{"> ```\n> a\n>  b\n> ```\nc", "Q⟦F⟦a⏎ b⏎⟧⟧c"},
		{"> ```\na\n> ```", "Q⟦```⏎⟧a⏎Q⟦```⟧"},
		{"> ```\n> ```", "Q⟦```⏎```⟧"},
		{"> - a\n> - b", "Q⟦L⟦•⟦a⏎⟧•⟦b⟧⟧⟧"},
		{">_<", ">_<"},
		{">:( >.<", ">:( >.<"},
		{">100 people", ">100 people"},
		{">", ">"},
		{"> ", "> "},
		{"> >", "> >"},
		{">\na", ">⏎a"},
		{"-> a => b", "-> a => b"},
		{"a > b", "a > b"},
		{" > a", " > a"},

		// Lists.
		{"- a\n- b", "L⟦•⟦a⏎⟧•⟦b⟧⟧"},
		{"* a\n* b", "L⟦•⟦a⏎⟧•⟦b⟧⟧"},
		{"1. a\n2. b", "N⟦1⟦a⏎⟧2⟦b⟧⟧"},
		{"3. a\n7. b\n7. c", "N⟦3⟦a⏎⟧7⟦b⏎⟧7⟦c⟧⟧"},
		{"a:\n- b\nc", "a:⏎L⟦•⟦b⏎⟧⟧c"},
		{"- a\n\n- b", "L⟦•⟦a⏎⟧⟧⏎L⟦•⟦b⟧⟧"},
		{"- a\n1. b", "L⟦•⟦a⏎⟧⟧N⟦1⟦b⟧⟧"},
		{"- **a**\n- `b` _c_", "L⟦•⟦B⟦a⟧⏎⟧•⟦C⟦b⟧ I⟦c⟧⟧⟧"},
		{"* *a*", "L⟦•⟦I⟦a⟧⟧⟧"},
		{"- a\n  more", "L⟦•⟦a⏎more⟧⟧"},
		{"- a\n  - b\n  - c\n- d", "L⟦•⟦a⏎L⟦•⟦b⏎⟧•⟦c⏎⟧⟧⟧•⟦d⟧⟧"},
		{"1. a\n   - b", "N⟦1⟦a⏎L⟦•⟦b⟧⟧⟧⟧"},
		{"1. a\n  - b\n   - c", "N⟦1⟦a⏎L⟦•⟦b⏎⟧•⟦c⟧⟧⟧⟧"},
		{"- a\n\t- b", "L⟦•⟦a⏎L⟦•⟦b⟧⟧⟧⟧"},
		{" - a\n - b", "L⟦•⟦a⏎⟧•⟦b⟧⟧"},
		{" - a\n  b", "L⟦•⟦a⏎⟧⟧  b"},
		{"- a\n   \n  b", "L⟦•⟦a⏎⟧⟧   ⏎  b"},
		{"    - a\n  - b\n- c", "L⟦•⟦a⏎⟧•⟦b⏎⟧•⟦c⟧⟧"},
		{"- a\n b", "L⟦•⟦a⏎⟧⟧ b"},
		{"- a\n  > b", "L⟦•⟦a⏎Q⟦b⟧⟧⟧"},
		{"- run: ```sh\n  make\n    x\n  ```\n- b", "L⟦•⟦run: Fsh⟦make⏎  x⏎⟧⟧•⟦b⟧⟧"},
		{"- [ ] a\n- [x] b", "L⟦•⟦[ ] a⏎⟧•⟦[x] b⟧⟧"},
		{"- - a", "L⟦•⟦- a⟧⟧"},
		{"- a\n  - b\n    - c\n      - d\n        - e\n          - f",
			"L⟦•⟦a⏎L⟦•⟦b⏎L⟦•⟦c⏎L⟦•⟦d⏎L⟦•⟦e⏎- f⟧⟧⟧⟧⟧⟧⟧⟧⟧⟧"},
		{"-a\n*b\n1.c", "-a⏎*b⏎1.c"},
		{"- ", "- "},
		{"-", "-"},
		{"- - -", "- - -"},
		{"* * *", "* * *"},
		{"-1 for this", "-1 for this"},
		{"-- Ada", "-- Ada"},
		{"1986. What a year", "1986. What a year"},
		{"01. a", "01. a"},
		{"1) a", "1) a"},
		{"+ a", "+ a"},
		{"1.5 is\n1. ", "1.5 is⏎1. "},

		// Links.
		{"see https://a.example/x.", "see @⟦https://a.example/x⟧."},
		{"[text](https://a.example/x)", "[text](@⟦https://a.example/x⟧)"},
		{"**https://a.example/x**", "B⟦@⟦https://a.example/x⟧⟧"},
		{"*see https://a.example/*", "I⟦see @⟦https://a.example/⟧⟧"},
		{"_https://a.example/x_", "I⟦@⟦https://a.example/x⟧⟧"},
		{"_https://a.example/x_y_", "I⟦@⟦https://a.example/x_y⟧⟧"},
		{"_https://a.example/x", "_https://a.example/x"},
		{"a_https://a.example/x_", "a_https://a.example/x_"},
		{"_a https://a.example/x_", "I⟦a @⟦https://a.example/x⟧⟧"},
		{"~~https://a.example~~", "S⟦@⟦https://a.example⟧⟧"},
		{"https://a.example/*x*/_y_/~~z~~", "@⟦https://a.example/*x*/_y_/~~z⟧~~"},
		{"*a https://a.example/x*y b*", "I⟦a @⟦https://a.example/x*y⟧ b⟧"},
		{"*a https://a.example/_x b_", "*a @⟦https://a.example/_x⟧ b_"},
		{"`https://a.example`", "C⟦https://a.example⟧"},
		{"https://a.example/`b`", "@⟦https://a.example/⟧C⟦b⟧"},
		{"> https://a.example\n- mailto:ada@a.example", "Q⟦@⟦https://a.example⟧⏎⟧L⟦•⟦@⟦mailto:ada@a.example⟧⟧⟧"},
		{"javascript:alert(1) *a*", "javascript:alert(1) I⟦a⟧"},
		{"https://user:pass@evil.example/ *a*", "https://user:pass@evil.example/ I⟦a⟧"},
		{"*a _b ~~c **d _https://a.example_**~~_*", "I⟦a I⟦b S⟦c B⟦d I⟦@⟦https://a.example⟧⟧⟧⟧⟧⟧"},
		{"> > > > > _https://a.example_", "Q⟦Q⟦Q⟦Q⟦Q⟦_https://a.example_⟧⟧⟧⟧⟧"},
		{"> > > > > https://a.example", "Q⟦Q⟦Q⟦Q⟦Q⟦@⟦https://a.example⟧⟧⟧⟧⟧⟧"},
	} {
		nodes := markup.Parse(tt.text)
		if got := notation(nodes); got != tt.want {
			t.Errorf("%q becomes %q, want %q", tt.text, got, tt.want)
		}
		if got := source(nodes); got != tt.text {
			t.Errorf("%q becomes nodes of %q", tt.text, got)
		}
	}
}
