package chat_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/uuid"

	"mayfly/app/client"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/markup"
	"mayfly/shared/wire"
)

// hostile has texts that users may write, and names that they may have.
var hostile = []struct{ name, text string }{
	{"script", `<script>hacked = 1</script>`},
	{"image", `<img src=x onerror="hacked = 1">`},
	{"other elements", `</p></article><style>*{display:none}</style><iframe srcdoc="<script>parent.hacked = 1</script>"></iframe><form action=/><input autofocus>`},
	{"entities", `&lt;b&gt; &amp;nbsp; &#x202e; &#60;script&#62;`},
	{"template", `{{.Text}} ${hacked = 1} {progress} %s %!d(string=x) $&`},
	{"javascript link", `javascript:hacked=1 JaVaScRiPt:hacked=1 java` + "\t" + `script:hacked=1 [x](javascript:hacked=1)`},
	{"data link", `data:text/html,<script>opener.hacked=1</script> data:text/html;base64,PHNjcmlwdD4=`},
	{"other links", `vbscript:x blob:http://localhost/x file:///etc/passwd tel:123 ws://localhost/ws //evil.example http:///x https:`},
	{"links", `https://example.com/"onmouseover="hacked=1 http://user:password@example.com:80/<b>?q='>#x mailto:a@example.com?subject=%0d%0aBcc:b`},
	{"marks", "Z" + strings.Repeat("\u0336\u0310\u033f\u0489\u0347\u0323", (wire.MaxText-1)/6)},
	{"marks on many letters", strings.Repeat("e"+strings.Repeat("\u0301\u0323", 20), wire.MaxText/41)},
	{"enclosed", strings.Repeat("o\u20dd\u20e0", 300)},
	{"overrides", "\u202eevil \u202dgood \u202agood \u202bbad\u202a\u202b\u202e"},
	{"ends of embeddings", "\u202c\u202c\u2069\u2069 a \u202c\u2069 b \u202e c"},
	{"isolates", "\u2066left \u2067right \u2068first \u2067\u2067\u2067"},
	{"directional marks", "\u200e\u200f\u061c12:34 \u200f34:12"},
	{"right to left", "שלום עולם 12:34 (hello) مرحبا بالعالم"},
	{"zero width", "a\u200b\u200c\u200d\u2060\ufeff\u00adb" + strings.Repeat("\u200b", 1000) + "c"},
	{"joined", strings.Repeat("👩\u200d👩\u200d👧\u200d👦", 300)},
	{"no space", strings.Repeat("W", wire.MaxText)},
	{"wide", strings.Repeat("﷽", 500) + strings.Repeat("𒐫", 200) + "⸻⸻⸻"},
	{"no-break spaces", "a" + strings.Repeat("\u00a0", wire.MaxText-2) + "b"},
	{"lines", "a" + strings.Repeat("\n", 300) + "b\u2028c\u2029d\te"},
	{"tags and selectors", "\U000e0041\U000e0042 x\ufe0f\ufe0e\U000e0100"},
	{"quotes in quotes", strings.Repeat("> ", wire.MaxText/2-1) + "x"},
	{"quotes in quotes without spaces", strings.Repeat(">", wire.MaxText-2) + " x"},
	{"lists in lists", strings.Repeat("- ", wire.MaxText/2-1) + "x"},
	{"styles in styles", strings.Repeat("**a *b ~~c ", 180) + "x" + strings.Repeat(" c~~ b* a**", 180)},
	{"styles in styles without an end between", strings.Repeat("*a _b ", 499) + "c" + strings.Repeat("_*", 499)},
	{"nothing but stars", strings.Repeat("*", wire.MaxText)},
	{"stars", "a" + strings.Repeat("*", wire.MaxText-1)},
	{"stars and letters", strings.Repeat("*a **b ", wire.MaxText/7)},
	{"code without an end", strings.Repeat("```\n`` ` ", wire.MaxText/9)},
	{"script in styles", "**<script>hacked = 1</script>** `<img src=x onerror=hacked=1>` ~~[x](javascript:hacked=1)~~"},
	{"script in code", "```html\n<script>hacked = 1</script>\n```\n> <b onclick=hacked=1>x</b>"},
	{"code that begins again and again", strings.Repeat("```go\n", wire.MaxText/6)},
	{"overrides in code", "`\u202eevil \u2067` good\n```\n\u202eevil\u202b\u2067\n```\ngood"},
	{"an emoji of fifty", strings.Repeat("👩\u200d", 50) + "👩"},
	{"private, unassigned", "\ue000\uf8ff\U0010ffff\ufffe\ufffd"},
}

// rename is a script that gives users other names in the page. The server makes the names of guests itself, but a user
// who signs in may have any name. The script changes the frames that the page gets: names holds names by user id, and
// called is the user's own name in the welcome. rename(name) gives the user a new name, as the server does once it has
// found a better one.
const rename = `window.names = {};
	const data = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data').get;
	Object.defineProperty(MessageEvent.prototype, 'data', {get() {
		const d = data.call(this);
		if (!(this.target instanceof WebSocket)) return d; // from the service worker
		return d.split('\n').filter(line => line).map(line => {
			const frame = JSON.parse(line);
			if (frame.type === 'welcome') {
				if (window.called) frame.user.name = called;
				Object.assign(window, {me: frame.user, socket: this.target});
			}
			for (const {user} of [frame, ...frame.messages ?? []]) {
				if (user?.id in names) user.name = names[user.id];
			}
			return JSON.stringify(frame);
		}).join('\n');
	}});
	window.rename = name => {
		window.called = name;
		const authed = JSON.stringify({type: 'authed', user: {...me, name}, auth_expires: 0, now: Date.now()});
		socket.dispatchEvent(new MessageEvent('message', {data: authed}));
	};`

// around is a script with functions that look at everything in the page that is not a message.
const around = `window.uncovered = e => {
		const at = e.getBoundingClientRect(), top = document.elementFromPoint(at.left + at.width / 2, at.top + at.height / 2);
		return !!top && (e.contains(top) || top.contains(e));
	};
	window.around = want => {
		const edge = (role, name) => theOne(role, name).getBoundingClientRect();
		want(edge('banner').bottom <= edge('log').top + 1, 'the log covers the header');
		want(edge('log').bottom <= edge('form', 'Write a message').top + 1, 'the log covers the composer');
		want(edge('banner').height <= innerHeight / 4, 'the header is ' + edge('banner').height + ' px high');
		want(edge('form', 'Write a message').bottom <= innerHeight + 1, 'the composer is out of sight');
		want(document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight, 'the page scrolls');
		for (const part of [['heading'], ['link', 'Mayfly'], ['textbox', 'Message']]) {
			want(uncovered(theOne(...part)), 'the ' + part[0] + ' is covered');
		}
	};`

// mostElements is how many elements Markdown and links may make of a text. The largest nodes are lines of code, with a frame
// and a button, and items, each in a list of its own.
const mostElements = 4*markup.MaxNodes + 2*markup.MaxLinks

// problems returns the faults of the last row but one and of its surroundings. The row must have the same elements and
// attributes as the row before it, and in its text no others than Markdown and links need, and most elements at most.
const problems = `(text, name, most) => {
	const all = [], want = (ok, what) => ok || all.push(what);
	const [before, row, after] = [...` + rig.Rows + `].slice(-3);
	const part = c => row.querySelector('.message-' + c);
	const log = ` + rig.Log + `, unfold = row.querySelector('[data-do=all]');
	if (unfold) {
		want(row.getBoundingClientRect().height < 2 * 640, 'a folded row is ' + row.getBoundingClientRect().height + ' px high');
		unfold.click();
		log.scrollTop = log.scrollHeight;
	}
	const copy = part('text').cloneNode(true);
	copy.querySelectorAll('button').forEach(b => b.remove());
	for (const a of copy.querySelectorAll('a')) if (a.nextSibling?.data === ' (' + a.hostname + ')') a.nextSibling.remove();
	const shown = copy.textContent;
	want(shown === text, 'the text is ' + shown.slice(0, 100));
	const letters = [...name], called = letters.length > 40 ? letters.slice(0, 40).join('') + '…' : name;
	want(part('name').textContent === called + ' (guest)', 'the name is ' + part('name').textContent.slice(0, 100));
	const made = row => [row, ...row.querySelectorAll(':not(.message-text *)')].map(e =>
		e.tagName + ' ' + [...e.attributes].map(a => a.name)).join('; ');
	want(made(row) === made(before), 'it is made of ' + made(row) + ', want ' + made(before));
	const tags = 'A BLOCKQUOTE BUTTON CODE DIV EM LI OL PRE S STRONG UL';
	const names = 'class dir type data-do aria-label href rel tabindex target value';
	const inside = part('text').querySelectorAll('*');
	want(inside.length <= most, 'the text has ' + inside.length + ' elements');
	for (const e of inside) {
		want(tags.split(' ').includes(e.tagName) &&
			[...e.attributes].every(a => names.split(' ').includes(a.name)), e.outerHTML.slice(0, 100));
	}
	for (const a of row.querySelectorAll('a')) {
		want(['http:', 'https:', 'mailto:'].includes(a.protocol), 'a link to ' + a.href);
		want(a.target === '_blank' && ['noopener', 'noreferrer', 'nofollow'].every(r => a.relList.contains(r)), a.href + ' has rel ' + a.rel);
		want([...a.attributes].every(({name}) => ['class', 'href', 'target', 'rel', 'tabindex'].includes(name)), a.outerHTML);
	}

	want(part('name').tagName === 'BDI' && getComputedStyle(part('name')).unicodeBidi === 'isolate', 'the name is not isolated');
	const n = part('name').getBoundingClientRect(), t = part('time').getBoundingClientRect();
	want(t.top >= n.bottom - 1 || t.left >= n.right - 1, 'the time does not follow the name');

	const piled = /\p{M}{3}/u.test(name + ' ' + text); // only such texts may be higher than their line
	const closed = e => row.contains(e) && (/paint|content|strict/.test(getComputedStyle(e).contain) || getComputedStyle(e).overflowY !== 'visible' || closed(e.parentElement));
	for (const c of ['name', 'text']) want(!piled || closed(part(c)), 'the ' + c + ' may be painted over other rows');
	const r = row.getBoundingClientRect(), [b, a] = [before, after].map(e => e.getBoundingClientRect());
	want(b.bottom <= r.top && r.bottom <= a.top, 'rows cover each other');
	want(r.left >= 0 && r.right <= innerWidth, 'the row is ' + r.width + ' px wide');
	want(log.scrollWidth <= log.clientWidth, 'the log scrolls sideways');
	want(unfold || uncovered(after), 'the row after it is covered'); // after unfold, by the button to the newest

	around(want);
	for (const e of [part('name'), part('text')]) e.click();
	want(document.title === '#lobby – Mayfly', 'the title is ' + document.title);
	want(location.pathname === '/', 'the page went to ' + location.href);
	want(!('hacked' in window), 'a script ran');
	return all;
}`

// person is a user who posts the texts of a test.
type person struct {
	*rig.Raw
	id string
}

func join(t *testing.T, server *rig.Server) person {
	t.Helper()
	p := person{Raw: rig.Dial(t, server)}
	p.Hello(client.NewGuest(), wire.Join{Room: wire.DefaultRoom})
	p.id = rig.Next[wire.Welcome](p.Raw).User.ID
	return p
}

// post posts text, and returns it in the form in which the server has stored it.
func (p person) post(t *testing.T, text string) string {
	t.Helper()
	clean, problem := wire.CleanText(text)
	if problem != "" {
		t.Fatalf("%q can't be posted: %s", text, problem)
	}
	p.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: text})
	if rig.Next[wire.Accepted](p.Raw).Seq == 0 {
		t.Fatalf("%q was not accepted", text)
	}
	return clean
}

func js(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// widths are the widths of a small phone and of a desktop screen.
var widths = []int64{320, 1280}

// openRenamed opens the server's page, in which a test may rename users. scripts run before the page's own.
func openRenamed(browser *rig.Browser, server *rig.Server, width int64, scripts ...string) *rig.Tab {
	tab := browser.Tab("")
	for _, script := range append(scripts, rename, around) {
		tab.BeforeScripts(script)
	}
	tab.Do(chromedp.EmulateViewport(width, 640), chromedp.Navigate(server.URL))
	return tab.Ready()
}

// noFaults fails the test if the tab has reported faults.
func noFaults(t *testing.T, tab *rig.Tab) {
	t.Helper()
	if faults := tab.Faults(); len(faults) > 0 {
		t.Errorf("the page reports %q", faults)
	}
}

// TestHostileTextsAndNames shows each of hostile as a text and as a name, at once on a small and on a large screen.
func TestHostileTextsAndNames(t *testing.T) {
	t.Parallel()
	browser, server := rig.OpenBrowser(t), rig.Serve(t, "-rate", "100000/1s")
	tabs := map[int64]*rig.Tab{}
	for _, width := range widths {
		tabs[width] = openRenamed(browser, server, width)
	}
	kind, nasty := join(t, server), join(t, server)
	for i, tt := range hostile {
		for _, as := range []string{"text", "name"} {
			name, text := "Nasty", tt.text
			if as == "name" {
				name, text = tt.text, "Hello."
			}
			for _, tab := range tabs {
				tab.Script(fmt.Sprintf("names[%s] = %s", js(nasty.id), js(name)))
			}
			kind.post(t, "before")
			shown := nasty.post(t, text)
			after := fmt.Sprintf("after %s %d", as, i)
			kind.post(t, after)
			for width, tab := range tabs {
				tab.Until(fmt.Sprintf(`%s === %q && %s <= 1`, lastRow, after, belowSight))
				text := js(markup.Plain(markup.Parse(shown)))
				for _, problem := range rig.Eval[[]string](tab,
					fmt.Sprintf("(%s)(%s, %s, %d)", problems, text, js(name), mostElements)) {
					t.Errorf("%s as %s, %d px wide: %s", tt.name, as, width, problem)
				}
			}
		}
	}
	for _, tab := range tabs {
		noFaults(t, tab)
	}
}

// TestHostileOwnName looks at the header, which shows the user's own name. The first name comes with the welcome. The
// others come later, as a better name does that the server has found.
func TestHostileOwnName(t *testing.T) {
	t.Parallel()
	const name = rig.Header + `.querySelector('bdi')`
	tab := openRenamed(rig.OpenBrowser(t), rig.Serve(t), widths[0], "window.called = "+js(hostile[0].text))
	for i, tt := range hostile {
		if i > 0 {
			tab.Script(fmt.Sprintf(`window.before = %s.textContent; rename(%s)`, name, js(tt.text)))
			tab.Until(name + `.textContent !== before`)
		}
		for _, width := range widths {
			tab.Do(chromedp.EmulateViewport(width, 640))
			tab.Until(fmt.Sprintf(`innerWidth === %d`, width))
			for _, problem := range rig.Eval[[]string](tab, `(() => {
				const all = [], want = (ok, what) => ok || all.push(what);
				around(want);
				const name = `+name+`;
				want(name.textContent === called && name.children.length === 0, 'the name is ' + name.innerHTML);
				want(getComputedStyle(name).unicodeBidi === 'isolate', 'the name is not isolated');
				want(document.title === '#lobby – Mayfly', 'the title is ' + document.title);
				want(!('hacked' in window), 'a script ran');
				return all;
			})()`) {
				t.Errorf("called %s, %d px wide: %s", tt.name, width, problem)
			}
		}
	}
	noFaults(t, tab)
}

// TestNamedLikeMe: another user has the user's own name. That user's messages must not count or look like the user's own.
func TestNamedLikeMe(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := openRenamed(rig.OpenBrowser(t), server, widths[0])
	me := rig.Eval[string](tab, rig.Header+`.querySelector('bdi').textContent`)
	other := join(t, server)
	tab.Script(fmt.Sprintf("names[%s] = %s", js(other.id), js(me)))
	tab.Say("mine")
	tab.Shows("mine")
	tab.Until(`!` + rig.Find(rig.WaitingRow)) // the server has accepted the message
	other.post(t, "not mine")
	tab.Shows("not mine")
	got := rig.Eval[[]string](tab, `[...`+rig.Rows+`].map(a =>
		a.querySelector('`+rig.RowName+`').textContent + (a.matches('`+rig.MineRow+`') ? ', mine' : ''))`)
	tagged := regexp.MustCompile(`^` + regexp.QuoteMeta(me) + ` \(guest\) \([\w-]{4}\)(, mine)?$`)
	if len(got) != 2 || !tagged.MatchString(got[0]) || !tagged.MatchString(got[1]) ||
		!strings.HasSuffix(got[0], ", mine") || strings.HasSuffix(got[1], ", mine") || strings.TrimSuffix(got[0], ", mine") == got[1] {
		t.Errorf("the messages are of %q, want %s with different tags, the first one mine", got, me)
	}
}

// TestTooLongAndTooDeep writes what no server takes: Markdown that is nested 10,000 deep. The page says that it is too long,
// and goes on. What is nested as deep as a message can be is sent.
func TestTooLongAndTooDeep(t *testing.T) {
	t.Parallel()
	tab := rig.OpenBrowser(t).Tab(rig.Serve(t).URL).Ready()
	for _, before := range []string{"> ", "*a _b ", "- ", "`"} {
		tab.Do(rig.Type(strings.Repeat(before, 10_000)+"x"), rig.Enter())
		tab.Until(rig.Form + `.innerText.includes('too many')`)
		tab.Script(rig.Composer + `.select()`)
		tab.Press(kb.Backspace)
		tab.Until(`!` + rig.Form + `.innerText.includes('too many')`)
	}
	tab.Say(strings.Repeat("> ", wire.MaxText/2-1) + "x")
	tab.Say(strings.Repeat("*", wire.MaxText))
	tab.Say("last")
	tab.Until(rig.Rows + `.length === 3 && ` + lastRow + ` === 'last' && !` + rig.Find(rig.WaitingRow))
	noFaults(t, tab)
}

// TestMentionsOfNobody: a message mentions as many users as it can, none of whom exists.
func TestMentionsOfNobody(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	p := wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: "@nobody @<b>you</b> @ @@"}
	for i := range wire.MaxMentions {
		p.Mentions = append(p.Mentions, fmt.Sprintf(`<img src=x onerror="hacked = %d">`+"\u202e", i))
	}
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	r.Send(p)
	if rig.Next[wire.Accepted](r).Seq == 0 {
		t.Fatal("the message was not accepted")
	}
	tab.Until(`!!` + rig.Row(p.Text))
	if rig.Eval[bool](tab, `'hacked' in window || !!`+in(p.Text, "img, b")) {
		t.Error("the mentions are elements of the page")
	}
	if rig.Eval[bool](tab, `!!document.querySelector('.mention, .message-for-me')`) {
		t.Error("nobody is marked as mentioned")
	}
	noFaults(t, tab)
}

// TestGuestImitatesAUserWhoIsSignedIn: no name that a guest chooses is taken for the name of a user who is signed in, also
// not of one who signs in later, and guests have their mark.
func TestGuestImitatesAUserWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	server := rig.Dev(t)
	browser := rig.OpenBrowser(t)
	ada, guest := browser.Tab(server.URL).Ready(), browser.Tab(server.URL).Ready()
	given := rig.Eval[string](guest, ownName)
	ada.SignIn("Ada Lovelace")
	for i, name := range []string{"\u0410d\u0430 Lov\u0435l\u0430c\u0435", "\u202eADA lovelace", "\u00c1da Iovelace"} {
		was := rig.Eval[string](guest, ownName)
		guest.Say("/nick " + name)
		guest.Until(fmt.Sprintf(`%s !== %q && %[1]s.endsWith(' 2')`, ownName, was))
		guest.Say(fmt.Sprintf("trust me %d", i))
		ada.Until(in(fmt.Sprintf("trust me %d", i), rig.RowName) + `?.textContent.endsWith(' 2 (guest)')`)
	}
	ada.Say("It is me")
	guest.Until(in("It is me", rig.RowName) + `?.textContent === 'Ada Lovelace'`)
	const mine = `.matches('` + rig.MineRow + `')`
	ada.Until(rig.Row("It is me") + mine + ` && !` + rig.Row("trust me 0") + mine)

	guest.Say("/nick Grace Hopper") // who is not here
	guest.Until(ownName + ` === 'Grace Hopper'`)
	browser.Tab(server.URL).Ready().SignIn("Grace Hopper")
	guest.Until(ownName + ` === '` + given + `'`)
	guest.Say("and now")
	ada.Until(in("and now", rig.RowName) + `?.textContent === '` + given + ` (guest)'`)
	noFaults(t, ada)
	noFaults(t, guest)
}
