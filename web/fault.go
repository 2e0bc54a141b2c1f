package web

import (
	"encoding/json"

	"mayfly/app/words"
)

// The sentences that the page shows when no client runs. The page contains all of them from the start, hidden, so that
// they need no further request. go-app's script, which faultScripts patches, shows the sentence that fits
// the problem. The button beside the sentence submits a form, and that loads the page again. The script settings.js
// translates the sentences. noScripts and noFiles must help where no script runs, so they contain every language.
//
// A sentence replaces the page, because a composer that does not work must not look or sound as if it worked. The script
// removes the page. If scripts are off, mayfly.css hides the page. (One CSS rule with :has could hide the page in all cases,
// but then the browser would compute the styles of the whole page again for every message that is added or removed.)
var (
	noScripts     = `<noscript>` + everySentence(`class="fault" role="alert"`, words.NeedsScripts) + `</noscript>`
	noWebAssembly = fault("no-webassembly", words.NeedsWebAssembly)
	notLoaded     = fault("not-loaded", words.NotLoaded)
	stopped       = fault("stopped", words.Stopped)

	// wrongPlace says that an operator's proxy serves the page below a path, such as /chat/. go-app's script shows this
	// sentence. But usually the script and the styles do not arrive, because the page requests them from the top of the
	// host. Then the user sees noFiles instead.
	wrongPlace = fault("wrong-place", words.WrongPlace, words.TopOfHost)

	// noFiles says that files of the page are missing. The styles hide it: the user sees it only if the styles are missing.
	noFiles = everySentence(`class="no-files" role="alert"`, words.FilesMissing, words.TopOfHost)

	// stillLoading says that the page is still loading. The page shows it after some seconds. A CSS animation does that, not
	// a script, so that it appears even if no script arrives. If the styles do not arrive, it stays hidden.
	stillLoading = sentence(`class="loader-slow" hidden role="status"`, words.StillLoading)
)

// fault returns a hidden element with this id, which contains a sentence that says why no client runs.
func fault(id string, keys ...words.ShellKey) string {
	return sentence(`class="fault" hidden id="`+id+`" role="alert"`, keys...)
}

// sentence returns an element with these attributes, which contains a sentence in the first language and a button that
// loads the page again.
func sentence(attributes string, keys ...words.ShellKey) string {
	return reloading(attributes, `<p>`+words.Shell(0, keys...)+`</p>`, words.In(0, words.Reload))
}

// everySentence returns an element with these attributes, which contains a sentence and a button that loads the page again.
// Both the sentence and the text of the button are in every language.
func everySentence(attributes string, keys ...words.ShellKey) string {
	said, reload := "", ""
	for n, l := range words.Languages() {
		in := ` dir="` + l.Dir + `" lang="` + l.Tag + `">`
		said += `<p` + in + words.Shell(n, keys...) + `</p>`
		if n > 0 {
			reload += ` · `
		}
		reload += `<span` + in + words.In(n, words.Reload) + `</span>`
	}
	return reloading(attributes, said, reload)
}

// reloading returns an element with these attributes that contains a form: a text, and a button that loads the page again.
func reloading(attributes, said, button string) string {
	return `<div ` + attributes + `><form>` + said + `<button>` + button + `</button></form></div>`
}

// faultMarkup is the patch that adds the sentences to the page. It puts noFiles and stillLoading at the end of go-app's
// loader (the element <aside>), and the other sentences and keptMarkup behind the loader.
var faultMarkup = replacement{`</aside>`, noFiles + stillLoading + `</aside>` + noScripts + noWebAssembly + notLoaded +
	stopped + wrongPlace + keptMarkup}

// faultScripts returns the patches of go-app's script that show the sentences. Without the patches, go-app would
//
//   - show the bare error if the client does not load (the error is still in the console);
//   - show the loader for ever if the browser has no WebAssembly, or if the page's path is none of Mayfly's;
//   - leave a page that looks alive if the client has ended in a panic: expired messages would stay on the screen.
//
// A page that a service worker controls does not show wrongPlace, because without a network the worker opens the page at any
// path.
func faultScripts(cfg Config) []replacement {
	paths := list(append([]string{cfg.Callback}, cfg.Pages...))
	return []replacement{
		{
			`let instantiateStreaming = WebAssembly.instantiateStreaming;`,
			`if (typeof WebAssembly === "undefined") {
    ` + showFault("no-webassembly") + `
    return;
  }
  const path = location.pathname, known = p => p.endsWith("/") ? path.startsWith(p) : path === p;
  if (path !== "/" && !` + paths + `.some(known) && !navigator.serviceWorker?.controller) {
    ` + showFault("wrong-place") + `
    return;
  }

  let instantiateStreaming = WebAssembly.instantiateStreaming;`,
		},
		{
			`loaderLabel.innerText = err;`,
			showFault("not-loaded"),
		},
		{
			`go.run(wasm.instance);`,
			`go.run(wasm.instance).finally(() => { ` + showFault("stopped") + ` });`,
		},
	}
}

// list returns the strings in all as a list in JavaScript.
func list(all []string) string {
	text, _ := json.Marshal(append([]string{}, all...)) // Marshal of strings never fails; nil would be null
	return string(text)
}

// showFault returns a script that shows the sentence whose element has this id. Before that, the script removes the
// client's page (the first element of the body), the shell and the loader. It shows what the user has written in the
// shell (fail in early.js).
func showFault(id string) string {
	return `document.body.firstElementChild.remove(); window.mayflyEarly?.fail(); ` +
		`document.querySelector(".goapp-app-info")?.remove(); document.getElementById("` + id + `").hidden = false;`
}
