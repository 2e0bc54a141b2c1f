package measure_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mayfly/app/browser"
	"mayfly/cmd/mayfly/e2e/rig"
)

// TestFilm makes the film on top of README.md. On a busy machine, a message that lives for 10 s may vanish too early for the
// story. Then TestFilm makes the film again, with a message that lives longer.
func TestFilm(t *testing.T) {
	dir := t.TempDir()
	if *into != "" {
		dir = filepath.Join("..", "..", "..", "..", *into)
	}
	chromium := rig.WholeBrowser(t)
	for _, life := range []time.Duration{10 * time.Second, 30 * time.Second, time.Minute} {
		server := rig.Serve(t)
		f := film{t: t, ada: phone(chromium, server, "Ada", false), grace: phone(chromium, server, "Grace", true)}
		if !f.story(life) {
			t.Logf("a life of %s is too short here", life)
			f.ada.Close()
			f.grace.Close()
			continue
		}
		a := animation{t: t}
		for _, s := range f.shots {
			a.add(s.shown, s.ada, s.grace)
		}
		file := a.encode()
		if err := os.WriteFile(filepath.Join(dir, "expiry.png"), file, 0o644); err != nil {
			t.Fatal(err)
		}
		if frames := framesIn(f.ada, file); frames != len(a.frames) {
			t.Errorf("Chromium finds %d frames in the film, which has %d", frames, len(a.frames))
		}
		return
	}
	t.Fatal("this machine is too busy to make a film")
}

// phone opens the room #garden on a new phone, for a guest with this name.
func phone(b *rig.Browser, server *rig.Server, name string, dark bool) *rig.Tab {
	tab := b.Tab("")
	tab.Dark(dark)
	tab.BeforeScripts(fmt.Sprintf(`sessionStorage[%q] = %q`, browser.NameKey, name))
	tab.Do(chromedp.Navigate(server.URL + "/r/garden"))
	tab.Ready()
	tab.Do(chromedp.EmulateViewport(410, 540, chromedp.EmulateScale(2), chromedp.EmulateMobile, chromedp.EmulateTouch))
	tab.Script(`{
		const calm = new CSSStyleSheet(); // a caret that blinks would draw the eye
		calm.replaceSync('* { caret-color: transparent }');
		document.adoptedStyleSheets.push(calm);
	}`)
	return tab
}

// framesIn returns how many frames the browser finds in an animated PNG. It also decodes the last frame.
func framesIn(tab *rig.Tab, file []byte) int {
	return rig.Eval[int](tab, fmt.Sprintf(`(async () => {
		const data = Uint8Array.from(atob(%q), c => c.charCodeAt(0));
		const film = new ImageDecoder({data, type: 'image/png'});
		await film.tracks.ready;
		const {frameCount} = film.tracks.selectedTrack;
		await film.decode({frameIndex: frameCount - 1});
		return frameCount;
	})()`, base64.StdEncoding.EncodeToString(file)))
}

// A film shows two phones side by side. It is made of shots, and each shot says how long the film shows it. That time does
// not depend on how long anything took, so the film is as calm on a busy machine as on a quick one.
type film struct {
	t          *testing.T
	ada, grace *rig.Tab
	shots      []shot
}

// A shot is a screenshot of each phone, and how long the film shows it.
type shot struct {
	ada, grace []byte
	shown      time.Duration
}

// hold waits until the JavaScript condition is true on each phone, and adds a shot.
func (f *film) hold(shown time.Duration, condition string) {
	f.t.Helper()
	take := func(tab *rig.Tab) []byte {
		tab.Until(condition)
		screen, err := chromedp.Run(tab.Ctx, chromedp.CaptureScreenshot())
		if err != nil {
			f.t.Fatal(err)
		}
		return screen
	}
	f.shots = append(f.shots, shot{take(f.ada), take(f.grace), shown})
}

// types types text on one of the phones, and adds a shot at each "|" in the text and at its end.
func (f *film) types(tab *rig.Tab, text string) {
	f.t.Helper()
	for letters := range strings.SplitSeq(text, "|") {
		tab.Do(rig.Type(letters))
		f.hold(110*time.Millisecond, `true`)
	}
}

// say sends text from one of the phones, and waits until both show it.
func (f *film) say(tab *rig.Tab, text string) {
	f.t.Helper()
	tab.Do(rig.Type(text))
	tab.Click("button", "Send")
	f.ada.Shows(text)
	f.grace.Shows(text)
}

// story films how Ada sends a message that has this life, how Grace reacts and answers, and how the message vanishes. If
// half of its life is over before Grace has answered, story returns false.
func (f *film) story(life time.Duration) (inTime bool) {
	f.t.Helper()
	const (
		row = `[...` + rig.Rows + `].find(a => a.querySelector('` + rig.RowText + `').textContent === "It's 4711")`
		// The seconds that the row shows: 0 if there is no such row, NaN if the row shows none.
		left = `parseInt(` + row + `?.querySelector('` + rig.RowLeft + `').innerText ?? 0)`
	)
	f.say(f.ada, "The tomatoes need water.")
	f.say(f.grace, "I can do that 🍅 What's the code?")
	f.grace.Script(`document.activeElement.blur()`)
	f.ada.Script(rig.Composer + `.focus()`)
	f.hold(900*time.Millisecond, `!!`+rig.ByRole("button", "2 people"))
	f.types(f.ada, "It|'s |4|7|1|1")
	f.hold(300*time.Millisecond, `true`)
	f.ada.Script(rig.ByRole("combobox", "How long") + fmt.Sprintf(`.value = '%d'`, life.Milliseconds()))
	f.hold(time.Second, `true`)
	f.ada.Click("button", "Send")
	late := fmt.Sprintf(`Date.now() > %d || `, time.Now().Add(life).UnixMilli()) // then nothing is worth waiting for
	f.hold(900*time.Millisecond, late+`!!`+row)
	f.grace.Script(row + `?.querySelector('` + rig.RowMore + `').click()`)
	f.grace.Script(`[...` + row + `?.querySelectorAll('.message-actions button') ?? []]
		.find(b => b.textContent === '👍')?.click()`)
	f.grace.Script(rig.Composer + `.focus()`) // closes the actions
	f.hold(800*time.Millisecond, late+`!!`+row+`.querySelector('.reaction')`)
	f.types(f.grace, "I'm in.| Thank| you!")
	f.grace.Click("button", "Send")
	f.ada.Shows("I'm in.")
	f.grace.Until(rig.Composer + `.value === ''`)
	seconds := int(life.Seconds())
	if rig.Eval[bool](f.grace, fmt.Sprintf(`%s < %d`, left, seconds/2)) {
		return false
	}
	const counting = 5 * time.Second // how long the film would show the whole life; part of it is over
	for n := seconds; n > 0; n-- {
		f.hold(counting/time.Duration(seconds), fmt.Sprintf(`!(%s > %d)`, left, n))
		if rig.Eval[bool](f.grace, `!`+row) { // perhaps after the screenshot of Ada's phone, and before that of Grace's
			f.shots = f.shots[:len(f.shots)-1]
			break
		}
	}
	f.hold(2*time.Second, `!`+row)
	return true
}
