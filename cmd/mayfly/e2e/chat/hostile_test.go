package chat_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"mayfly/app/session"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// hostile are what people may write or be called.
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
	{"private, unassigned", "\ue000\uf8ff\U0010ffff\ufffe\ufffd"},
}

// rename lets the page believe that people are called otherwise: the server names guests itself, but those who sign in are
// called what their provider says. It rewrites the frames that the page is given: names holds names by user id, and called,
// which outlives the page, is one's own.
const rename = `window.names = {};
	const data = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data').get;
	Object.defineProperty(MessageEvent.prototype, 'data', {get() {
		const d = data.call(this);
		if (!(this.target instanceof WebSocket)) return d; // the service worker's word
		return d.split('\n').filter(line => line).map(line => {
			const frame = JSON.parse(line);
			if (frame.type === 'welcome' && sessionStorage.called) frame.user.name = sessionStorage.called;
			for (const {user} of [frame, ...frame.messages ?? []]) {
				if (user?.id in names) user.name = names[user.id];
			}
			return JSON.stringify(frame);
		}).join('\n');
	}});`

// around gives the test functions that look at all that is not a message.
const around = `window.uncovered = e => {
		const at = e.getBoundingClientRect(), top = document.elementFromPoint(at.left + at.width / 2, at.top + at.height / 2);
		return !!top && (e.contains(top) || top.contains(e));
	};
	window.around = want => {
		const edge = s => document.querySelector(s).getBoundingClientRect();
		want(edge('header').bottom <= edge('[role=log]').top + 1, 'the log covers the header');
		want(edge('[role=log]').bottom <= edge('form.composer').top + 1, 'the log covers the composer');
		want(edge('header').height <= innerHeight / 4, 'the header is ' + edge('header').height + ' px high');
		want(edge('form.composer').bottom <= innerHeight + 1, 'the composer is out of sight');
		want(document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight, 'the page scrolls');
		for (const s of ['h1', '[role=status]', 'textarea']) want(uncovered(document.querySelector(s)), s + ' is covered');
	};`

// problems are what is wrong with the last row but one, and with what is around it. But for links it is made of what the row
// before it is made of, and has no other attributes.
const problems = `(text, name) => {
	const all = [], want = (ok, what) => ok || all.push(what);
	const [before, row, after] = [...document.querySelectorAll('[role=log] article')].slice(-3);
	const part = c => row.querySelector('.message-' + c);
	const shown = [...part('text').childNodes].filter((n, i, all) => n.data === undefined || n.data !== ' (' + all[i - 1]?.hostname + ')')
		.map(n => n.textContent).join('');
	want(shown === text, 'the text is ' + shown.slice(0, 100));
	const letters = [...name], called = letters.length > 40 ? letters.slice(0, 40).join('') + '…' : name;
	want(part('name').textContent === called, 'the name is ' + part('name').textContent.slice(0, 100));
	const made = row => [row, ...row.querySelectorAll(':not(a)')].map(e => e.tagName + ' ' + [...e.attributes].map(a => a.name)).join('; ');
	want(made(row) === made(before), 'it is made of ' + made(row) + ', want ' + made(before));
	for (const a of row.querySelectorAll('a')) {
		want(['http:', 'https:', 'mailto:'].includes(a.protocol), 'a link to ' + a.href);
		want(a.target === '_blank' && ['noopener', 'noreferrer', 'nofollow'].every(r => a.relList.contains(r)), a.href + ' has rel ' + a.rel);
		want([...a.attributes].every(({name}) => ['class', 'href', 'target', 'rel', 'tabindex'].includes(name)), a.outerHTML);
	}

	want(part('name').tagName === 'BDI' && getComputedStyle(part('name')).unicodeBidi === 'isolate', 'the name is not isolated');
	const n = part('name').getBoundingClientRect(), t = part('time').getBoundingClientRect();
	want(t.top >= n.bottom - 1 || t.left >= n.right - 1, 'the time does not follow the name');

	const piled = /\p{M}{3}/u.test(name + ' ' + text); // what is not does not leave its line
	const closed = e => row.contains(e) && (/paint|content|strict/.test(getComputedStyle(e).contain) || getComputedStyle(e).overflowY !== 'visible' || closed(e.parentElement));
	for (const c of ['name', 'text']) want(!piled || closed(part(c)), 'the ' + c + ' may be painted over other rows');
	const r = row.getBoundingClientRect(), [b, a] = [before, after].map(e => e.getBoundingClientRect());
	want(b.bottom <= r.top && r.bottom <= a.top, 'rows cover each other');
	const log = document.querySelector('[role=log]');
	want(r.left >= 0 && r.right <= innerWidth, 'the row is ' + r.width + ' px wide');
	want(log.scrollWidth <= log.clientWidth, 'the log scrolls sideways');
	want(uncovered(after), 'the row after it is covered');

	around(want);
	for (const e of [part('name'), part('text')]) e.click();
	want(document.title === '#lobby – Mayfly', 'the title is ' + document.title);
	want(location.pathname === '/', 'the page went to ' + location.href);
	want(!('hacked' in window), 'a script ran');
	return all;
}`

// atEnd is true while the newest message is in sight.
const atEnd = `(log => log.scrollHeight - log.scrollTop - log.clientHeight <= 1)(document.querySelector('[role=log]'))`

// person is somebody who posts what the test likes.
type person struct {
	*rig.Raw
	id string
}

func join(t *testing.T, server *rig.Server) person {
	t.Helper()
	p := person{Raw: rig.Dial(t, server)}
	p.Hello(session.NewGuest(), wire.Join{Room: wire.DefaultRoom})
	p.id = rig.Next[wire.Welcome](p.Raw).User.ID
	return p
}

// post returns the text as the server takes it.
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

// widths are those of a small phone and of a desk.
var widths = []int64{320, 1280}

func openRenamed(t *testing.T, browser *rig.Browser, server *rig.Server, width int64) *rig.Tab {
	t.Helper()
	tab := browser.Tab("")
	tab.BeforeScripts(rename)
	tab.BeforeScripts(around)
	tab.Do(chromedp.EmulateViewport(width, 640), chromedp.Navigate(server.URL))
	return tab.Ready()
}

// noFaults ends a test.
func noFaults(t *testing.T, tab *rig.Tab) {
	t.Helper()
	if faults := tab.Faults(); len(faults) > 0 {
		t.Errorf("the page reports %q", faults)
	}
}

func TestHostileTextsAndNames(t *testing.T) {
	t.Parallel()
	browser := rig.OpenBrowser(t)
	for _, width := range widths {
		server := rig.Serve(t, "-rate", "100000/1s")
		tab := openRenamed(t, browser, server, width)
		kind, nasty := join(t, server), join(t, server)
		for i, tt := range hostile {
			for _, as := range []string{"text", "name"} {
				name, text := "Nasty", tt.text
				if as == "name" {
					name, text = tt.text, "Hello."
				}
				tab.Do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("names[%s] = %s", js(nasty.id), js(name))))
				kind.post(t, "before")
				shown := nasty.post(t, text)
				after := fmt.Sprintf("after %s %d", as, i)
				kind.post(t, after)
				tab.Until(fmt.Sprintf(`[...document.querySelectorAll('.message-text')].at(-1)?.textContent === %q && %s`, after, atEnd))
				for _, problem := range rig.Eval[[]string](tab, fmt.Sprintf("(%s)(%s, %s)", problems, js(shown), js(name))) {
					t.Errorf("%s as %s, %d px wide: %s", tt.name, as, width, problem)
				}
			}
		}
		noFaults(t, tab)
	}
}

// TestHostileOwnName looks at the header, where one's own name stands.
func TestHostileOwnName(t *testing.T) {
	t.Parallel()
	browser, server := rig.OpenBrowser(t), rig.Serve(t)
	for _, width := range widths {
		tab := openRenamed(t, browser, server, width)
		for _, tt := range hostile {
			tab.Do(chromedp.Evaluate[chromedp.Void]("sessionStorage.called = "+js(tt.text)), chromedp.Reload())
			tab.Ready()
			for _, problem := range rig.Eval[[]string](tab, `(() => {
				const all = [], want = (ok, what) => ok || all.push(what);
				around(want);
				const name = document.querySelector('header bdi');
				want(name.textContent === sessionStorage.called && name.children.length === 0, 'the name is ' + name.innerHTML);
				want(getComputedStyle(name).unicodeBidi === 'isolate', 'the name is not isolated');
				want(document.title === '#lobby – Mayfly', 'the title is ' + document.title);
				want(!('hacked' in window), 'a script ran');
				return all;
			})()`) {
				t.Errorf("called %s, %d px wide: %s", tt.name, width, problem)
			}
		}
		noFaults(t, tab)
	}
}

// TestNamedLikeMe is not taken for me, and does not look like me.
func TestNamedLikeMe(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := openRenamed(t, rig.OpenBrowser(t), server, widths[0])
	me := rig.Eval[string](tab, `document.querySelector('header bdi').textContent`)
	other := join(t, server)
	tab.Do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("names[%s] = %s", js(other.id), js(me))))
	tab.Say("mine")
	tab.Shows("mine")
	other.post(t, "not mine")
	tab.Shows("not mine")
	got := rig.Eval[[]string](tab, `[...document.querySelectorAll('[role=log] article')].map(a =>
		a.querySelector('.message-name').textContent + (a.matches('.message-mine') ? ', mine' : ''))`)
	tagged := regexp.MustCompile(`^` + regexp.QuoteMeta(me) + ` \([\w-]{4}\)(, mine)?$`)
	if len(got) != 2 || !tagged.MatchString(got[0]) || !tagged.MatchString(got[1]) ||
		!strings.HasSuffix(got[0], ", mine") || strings.HasSuffix(got[1], ", mine") || strings.TrimSuffix(got[0], ", mine") == got[1] {
		t.Errorf("the messages are of %q, want %s with different tags, the first one mine", got, me)
	}
}
