package list

import (
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
	"mayfly/app/words"
	"mayfly/shared/markup"
)

// tags has the name of the HTML element for each kind of node that contains other nodes. A block of code is not in tags,
// because it becomes several elements (codeBlock).
var tags = map[markup.Kind]string{
	markup.Bold: "strong", markup.Italic: "em", markup.Strike: "s", markup.Code: "code", markup.Quote: "blockquote",
	markup.Bullets: "ul", markup.Numbers: "ol", markup.Item: "li",
}

// draw makes nodes the content of element. Most messages are one node of plain text: draw sets such a text with one call
// into the browser.
func (t templates) draw(element goapp.Value, nodes []markup.Node) {
	if len(nodes) == 1 && nodes[0].Kind == markup.Text && len(t.names) == 0 {
		element.Set("textContent", nodes[0].Text)
		return
	}
	element.Call("replaceChildren", t.content(nil, nodes)...)
}

// content appends the nodes to the list all: each node becomes one or more elements or strings, which the browser can insert
// into the document. A Mark, which is a delimiter such as **, is left out.
func (t templates) content(all []any, nodes []markup.Node) []any {
	for _, n := range nodes {
		switch n.Kind {
		case markup.Mark:
		case markup.Text:
			all = t.marked(all, n.Text)
		case markup.Link:
			all = t.linked(all, n)
		case markup.CodeBlock:
			all = append(all, t.codeBlock(n))
		default:
			all = append(all, t.element(n))
		}
	}
	return all
}

// element returns the HTML element for n, a node that contains other nodes. If the text of a quote or a list runs from right
// to left, the quote or list begins at the right (dir="auto"), like a whole message.
func (t templates) element(n markup.Node) goapp.Value {
	if n.Kind == markup.Code {
		t.names = nil
	}
	e := dom.Node(tags[n.Kind], "", t.content(nil, n.Nodes)...)
	switch n.Kind {
	case markup.Quote, markup.Bullets, markup.Numbers:
		dom.Set(e, "dir", "auto")
	}
	if n.Number > 0 {
		e.Set("value", n.Number)
	}
	return e
}

// newCode returns the template for a block of code: the code, and the button that copies it. Code runs from left to right in
// any message.
func newCode() goapp.Value {
	pre := dom.Node("pre", "", dom.Node("code", ""))
	dom.Set(pre, "dir", "ltr")
	copies := button(doCode, "")
	dom.Set(copies, "tabindex", "-1") // the Tab key stops at this button only while the actions of the row are open
	return dom.Node("div", "code", pre, copies)
}

// codeBlock returns the element for n, a block of code.
func (t templates) codeBlock(n markup.Node) goapp.Value {
	code := markup.Plain(n.Nodes)
	e := t.code.Call("cloneNode", true)
	e.Get("firstChild").Get("firstChild").Set("textContent", code)
	label(e.Get("lastChild"), words.Of(words.CopyCode), code)
	return e
}

// codeBeside returns the code that button copies. button belongs to a block of code.
func codeBeside(button goapp.Value) string {
	return button.Get("previousSibling").Get("textContent").String()
}

// linked appends the element of link to the list all. If the browser would go to another host than the text seems to show,
// linked also appends the name of that host in parentheses. For example, a Cyrillic letter may look like a Latin one, and
// the user could take one host for another.
func (t templates) linked(all []any, link markup.Node) []any {
	a := t.link.Call("cloneNode")
	host := hostOf(a, link)
	if host == "" { // the browser would not follow the link
		return append(all, link.Text)
	}
	a.Set("textContent", link.Text)
	all = append(all, a)
	if host != lowered(link.Host) {
		all = append(all, " ("+host+")")
	}
	return all
}

// hostOf sets the address of anchor, the element that shows link. It returns the host to which the browser would go, or ""
// if the browser finds no host in the address. A browser finds no host in a mail address. So for a mail address, hostOf
// first makes anchor a link to https:// and the host after the @, reads the host from anchor, and only then sets the mail
// address.
func hostOf(anchor goapp.Value, link markup.Node) string {
	if !strings.Contains(link.Text, "://") {
		anchor.Set("href", "https://"+link.Host)
	} else {
		anchor.Set("href", link.Text)
	}
	host := anchor.Get("hostname").String()
	anchor.Set("href", link.Text)
	return host
}

// lowered returns host with its ASCII letters in lower case, as browsers write hosts. A letter of another script that
// looks like an ASCII letter stays as it is.
func lowered(host string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, host)
}
