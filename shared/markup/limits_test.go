package markup_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"mayfly/shared/markup"
)

// isLeaf reports whether a node of this kind has a text and no nodes.
func isLeaf(k markup.Kind) bool { return k == markup.Text || k == markup.Mark || k == markup.Link }

func isList(k markup.Kind) bool { return k == markup.Bullets || k == markup.Numbers }

// measured is what measure has counted in a tree of nodes. Leaves and lists count neither in depth nor in nodes.
type measured struct{ depth, nodes, links int }

// measure counts nodes that are inside of depth others, and fails if they break a rule that holds for all nodes.
func (m *measured) measure(t *testing.T, nodes []markup.Node, depth int) {
	t.Helper()
	for i, n := range nodes {
		if isLeaf(n.Kind) != (n.Nodes == nil) || isLeaf(n.Kind) == (n.Text == "") {
			t.Errorf("the node %+v is neither a leaf nor made of nodes", n)
		}
		if n.Kind != markup.Link && i > 0 && n.Kind == nodes[i-1].Kind && isLeaf(n.Kind) {
			t.Errorf("the leaves %+v and %+v are two", nodes[i-1], n)
		}
		if n.Language != "" && n.Kind != markup.CodeBlock || n.Number > 0 && n.Kind != markup.Item ||
			(n.Host != "") != (n.Kind == markup.Link) {
			t.Errorf("the node %+v has fields of another kind", n)
		}
		switch {
		case n.Kind == markup.Link:
			m.links++
			checkLink(t, n)
		case isList(n.Kind):
			if slices.ContainsFunc(n.Nodes, func(item markup.Node) bool { return item.Kind != markup.Item }) {
				t.Errorf("the list %+v has other nodes than items", n)
			}
			m.measure(t, n.Nodes, depth)
		case !isLeaf(n.Kind):
			m.nodes++
			m.depth = max(m.depth, depth+1)
			m.measure(t, n.Nodes, depth+1)
		}
	}
}

func checkLink(t *testing.T, n markup.Node) {
	t.Helper()
	lower := strings.ToLower(n.Text)
	if !strings.Contains(n.Text, n.Host) || !utf8.ValidString(n.Text) ||
		!strings.HasPrefix(lower, "https://") && !strings.HasPrefix(lower, "http://") &&
			!strings.HasPrefix(lower, "mailto:") {
		t.Errorf("%+v is a link", n)
	}
}

// check fails if the nodes of a text break a rule that holds for every text. It returns what it counted.
func check(t *testing.T, text string) measured {
	t.Helper()
	nodes := markup.Parse(text)
	var m measured
	m.measure(t, nodes, 0)
	if m.depth > markup.MaxDepth || m.nodes > markup.MaxNodes || m.links > markup.MaxLinks {
		t.Errorf("%.80q has the measures %+v", text, m)
	}
	if source(nodes) != text {
		t.Errorf("%q becomes nodes of %q", text, source(nodes))
	}
	return m
}

// hostile has texts that are made of one another many times. They cost a slow parser a time that grows with the square
// of their length, or more.
var hostile = []struct{ name, repeated string }{
	{"stars", "*"}, {"backticks", "`"}, {"arrows", ">"}, {"arrows and spaces", "> "}, {"backslashes", `\`},
	{"low lines", "_"},
	{"openers", "*a "}, {"openers of bold", "**a "}, {"openers of all kinds", "*a **b ***c _d ~~e "}, {"closers", "a* "},
	{"closers of all kinds", "a* b** c*** d_ e~~ "}, {"openers, then closers of another", "*a _"}, {"both", "字**字*字***"},
	{"three stars", "***a** b* "}, {"faces", "*_* ^_^ "}, {"punctuation", "*.*_._~~.~~"}, {"styles", "*a* **b** ~~c~~ _d_ "},
	{"backticks of many lengths", ""}, {"code blocks", "```\na\n```\n"},
	{"code blocks that are not closed", "x ```\n````\n`````\n"},
	{"empty code blocks", "```\n"}, {"code blocks in lines", "a ``` b\nc ``` d\n"}, {"code", "`a`"},
	{"code of spaces", "`  "},
	{"quotes", "> a\n"}, {"deep quotes", "> > > > > > > > > > a\n"}, {"code blocks in quotes", "> ```\n> a\n"},
	{"quotes of nothing", ">\n"},
	{"items", "- a\n"}, {"items in a line", "- "}, {"stairs", ""}, {"code blocks beyond the limits", ""},
	{"indented items", "                    - a\n"}, {"numbers", "1. a\n"},
	{"items of nothing", "* * *\n"}, {"spaces", " "}, {"tabs and items", "\t- a\n"}, {"line breaks", "\n"},
	{"links", "https://a.example/*b* "}, {"links behind low lines", "_https://a.example_ "}, {"no links", "https://a@b "},
	{"beginnings of links", "https://"}, {"brackets", "*https://a/("}, {"bidirectional marks", "`\u202E\u2066a` "},
	{"marks", "*a\u0301\u200D* "}, {"no characters", "*\xff\xfe_"}, {"emoji", "**👨\u200D👩\u200D👧**"},
}

// hostileText returns a hostile text of about size bytes.
func hostileText(name, repeated string, size int) string {
	var b strings.Builder
	if name == "code blocks beyond the limits" {
		b.WriteString(strings.Repeat("*a* ", markup.MaxNodes) + "\n")
	}
	for n := 1; b.Len() < size; n++ {
		switch name {
		case "code blocks beyond the limits": // each ends far behind its beginning
			b.WriteString(strings.Repeat("`", 3+n%max(1, size/2000)) + "\n" + strings.Repeat("a ", 100) + "\n")
		case "stairs":
			b.WriteString(strings.Repeat("  ", n) + "- a\n")
		case "backticks of many lengths":
			b.WriteString(strings.Repeat("`", n) + " ")
		default:
			b.WriteString(repeated)
		}
	}
	return b.String()
}

func TestHostileTexts(t *testing.T) {
	for _, tt := range hostile {
		t.Run(tt.name, func(t *testing.T) {
			text := hostileText(tt.name, tt.repeated, 4000)
			check(t, text)
			check(t, "a "+text+" b")
			check(t, "> "+text)
			check(t, "- "+text)
			check(t, "```\n"+text)
			check(t, "**a *b "+text+"* b**")
		})
	}
}

// TestNestedDeep nests each kind 10,000 deep: the first MaxDepth are nodes, and the others are text.
func TestNestedDeep(t *testing.T) {
	for _, tt := range []struct {
		before, inside, after string
		want                  int // how many nodes there are, one in the other
	}{
		{"> ", "a", "", 5},
		{">", " a", "", 5},
		{"*a _b ", "c", "_*", 5},
		{"**a ~~b ", "c", "~~**", 5},
		{"> - ", "a", "", 2}, // the second > is not the first character of a line
		{"*", "a", "*", 0},   // so many stars are text
		{"`", "a", "`", 1},
	} {
		const deep = 10_000
		text := strings.Repeat(tt.before, deep) + tt.inside + strings.Repeat(tt.after, deep)
		m := check(t, text)
		if m.nodes != tt.want || m.depth != tt.want {
			t.Errorf("%q, %d deep, becomes %d nodes that are %d deep, want %d", tt.before, deep, m.nodes, m.depth, tt.want)
		}
	}
}

// TestMaxNodes has more nodes than a message may have: what is behind the last one stays as it is written.
func TestMaxNodes(t *testing.T) {
	for _, part := range []string{"*a* ", "`a` ", "- a\n", "1. a\n", "```\na\n```\n", "> a\n\n", "- *a*\n", "> `a`\n\n"} {
		text := strings.Repeat(part, markup.MaxNodes+10)
		if m := check(t, text); m.nodes != markup.MaxNodes {
			t.Errorf("%q again and again has %d nodes, want %d", part, m.nodes, markup.MaxNodes)
		}
		got := notation(markup.Parse(text))
		if last := strings.ReplaceAll(part, "\n", "⏎"); !strings.HasSuffix(got, last+last) {
			t.Errorf("%q again and again ends as %q", part, got[len(got)-40:])
		}
	}
}

func TestMaxLinks(t *testing.T) {
	text := strings.Repeat("*https://a.example* _b_ `https://c.example`\n", markup.MaxLinks+10)
	if m := check(t, text); m.links != markup.MaxLinks {
		t.Errorf("%d links can be clicked, want %d", m.links, markup.MaxLinks)
	}
}

// TestLinksAreThoseOfTheText holds that a text without Markdown has the links that it has without a parser.
func TestLinksAreThoseOfTheText(t *testing.T) {
	for _, text := range []string{"see https://example.com/a_(b).", "a mailto:a@b.example, http://c",
		"詳細はhttps://example.com/a。次は",
		"x_https://a.example https://b@c https://d.example", "https://a.example,https://b.example/x_y_z",
		"https://a@/https://b.example"} {
		pieces := strings.NewReplacer("⟦", "@⟦").Replace(bracketed(markup.Links(text)))
		if got := notation(markup.Parse(text)); got != pieces {
			t.Errorf("%q becomes %q, want %q", text, got, pieces)
		}
	}
}

func TestPlain(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"a\nb", "a\nb"},
		{"**a** *b* ~~c~~ `d`", "a b c d"},
		{"> a\nb", "a\nb"},
		{"- a\n- b\nc", "a\nb\nc"},
		{"3. a\n4. *b*", "3. a\n4. b"},
		{"```go\nx\n```\ny", "x\ny"},
		{"2*3*4 see https://a.example", "2*3*4 see https://a.example"},
	} {
		if got := markup.Plain(markup.Parse(tt.text)); got != tt.want {
			t.Errorf("%q is %q in plain text, want %q", tt.text, got, tt.want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		text string
		n    int
		want string
	}{
		{"lunch", 9, "lunch"},
		{"lunch", 5, "lunch"},
		{"lunch", 3, "lun"},
		{"lunch", 0, ""},
		{"a **bold** b", 7, "a B⟦bol⟧"},
		{"a **bold** b", 9, "a B⟦bold⟧"},
		{"a **bold** b", 4, "a "},
		{"a https://a.example b", 4, "a "},
		{"a https://a.example b", 19, "a @⟦https://a.example⟧"},
		{"https://a.example b", 4, "@⟦https://a.example⟧"},
		{"**https://a.example** b", 4, "B⟦@⟦https://a.example⟧⟧"},
		{"- https://a.example\n- b", 4, "L⟦•⟦@⟦https://a.example⟧⟧⟧"},
		{"**a https://a.example** b", 6, "B⟦a ⟧"},
		{"- a\n- b\n- c", 8, "L⟦•⟦a⏎⟧•⟦b⏎⟧⟧"},
		{"- a\n- b\n- c", 10, "L⟦•⟦a⏎⟧•⟦b⏎⟧⟧"},
		{"```go\nab\ncd\n```", 9, "Fgo⟦ab⏎⟧"},
		{"> a\n> b", 4, "Q⟦a⏎⟧"},
	} {
		nodes := markup.Parse(tt.text)
		if got := notation(markup.Cut(nodes, tt.n)); got != tt.want {
			t.Errorf("%q, cut to %d bytes, is %q, want %q", tt.text, tt.n, got, tt.want)
		}
		if got := source(nodes); got != tt.text {
			t.Errorf("cutting %q made its nodes those of %q", tt.text, got)
		}
	}
}

// FuzzParse holds for every text: no character is lost, each byte is in one leaf, the limits hold, and only the three
// schemes become links. A text that is cut is the beginning of the text, but for a link.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"**a *b* `c` ~~d~~** _e_", "> a\n> - b\n>   - c\n> ```go\n> x\n> ```\n",
		"1. a\n\t* b\n   c ```\nd\n``` e",
		"***a** b* \\*c* _https://a.example/x_y_ `mailto:a@b`", "```\n`` ` ```` ```a b\n```", "字**「字」**字\xff*\u202E*",
		">>>> > a\n>\n>b",
		"*_* ^_^ __init__ 2*3*4 - \n- \n* * *"} {
		f.Add(s, uint(len(s)/2))
	}
	f.Fuzz(func(t *testing.T, text string, n uint) {
		check(t, text)
		nodes := markup.Parse(text)
		if plain := markup.Plain(nodes); len(plain) > len(text) {
			t.Errorf("%q is %q in plain text", text, plain)
		}
		at := int(n % uint(len(text)+1))
		if cut := source(markup.Cut(nodes, at)); !strings.HasPrefix(text, cut) {
			t.Errorf("%q, cut to %d bytes, becomes %q", text, at, cut)
		}
		markup.EmojiOnly(text)
	})
}

func BenchmarkParse(b *testing.B) {
	for _, tt := range hostile {
		for _, n := range []int{1000, 10_000, 100_000} {
			text := hostileText(tt.name, tt.repeated, n)
			b.Run(strings.ReplaceAll(tt.name, " ", "_")+"/"+strconv.Itoa(n), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					markup.Parse(text)
				}
			})
		}
	}
}
