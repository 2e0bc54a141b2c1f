package web

import (
	"encoding/json"
	"slices"
)

// The sentences that the page shows when no client runs. The page contains all of them from the start, hidden, because the
// content security policy allows no inline script. The script that faultScripts patches shows the sentence that fits the
// problem. The button beside the sentence submits a form, and that loads the page again.
//
// A sentence replaces the page, because a composer that does not work must not look or sound as if it worked. The script
// removes the page. If scripts are off, mayfly.css hides the page. (One CSS rule with :has could hide the page in all cases,
// but then the browser would compute the styles of the whole page again for every message that is added or removed.)
var (
	noScripts = `<noscript>` + sentence(`class="fault" role="alert"`, `Mayfly needs JavaScript and WebAssembly. `+
		`Allow JavaScript for this site in the browser's settings, then reload.`) + `</noscript>`
	noWebAssembly = fault("no-webassembly", `Mayfly needs WebAssembly, which this browser lacks or has turned off. `+
		`Update the browser, or leave its lockdown mode for this site, then reload.`)
	notLoaded = fault("not-loaded", `Mayfly could not be loaded. Check the connection, then reload.`)
	stopped   = fault("stopped", `Mayfly has stopped. Reload to start it again; `+
		`if it stops at once, allow this site to store data in the browser's settings.`)

	// wrongPlace is for a page that an operator's proxy serves below a path. It needs the script. Mostly the script does not
	// arrive, nor the styles, because their addresses begin at the top of the host: then noFiles shows.
	wrongPlace = fault("wrong-place", `Mayfly cannot run at this address. `+topOfHost)

	// noFiles is hidden by the styles, so it shows if they do not arrive.
	noFiles = sentence(`class="no-files" role="alert"`, `Mayfly's files could not be loaded. `+
		`If a reload does not help, Mayfly is in the wrong place. `+topOfHost)

	// stillLoading appears after some seconds by a CSS animation, so that it also works if the script never arrives. Without
	// the styles it stays hidden.
	stillLoading = sentence(`class="loader-slow" hidden role="status"`, `Still loading. `+
		`On a slow connection the first visit takes a while.`)
)

const topOfHost = `It must be at the top of a host, such as https://chat.example.com/, not below a path.`

// fault returns a hidden element with that id. Its text says why no client runs.
func fault(id, text string) string {
	return sentence(`class="fault" hidden id="`+id+`" role="alert"`, text)
}

// sentence returns an element with these attributes, which contains text and a button that loads the page again.
func sentence(attributes, text string) string {
	return `<div ` + attributes + `><form><p>` + text + `</p><button>Reload</button></form></div>`
}

// faultMarkup is the patch of the page that adds the sentences: noFiles and stillLoading into go-app's loader, which is the
// element aside, and the other sentences after the loader.
var faultMarkup = replacement{`</aside>`, noFiles + stillLoading + `</aside>` + noScripts + noWebAssembly + notLoaded +
	stopped + wrongPlace}

// faultScripts returns the patches of go-app's script that show the sentences. Without the patches, go-app would
//
//   - show the bare error if the client does not load (the error is still in the console);
//   - show the loader for ever if the browser has no WebAssembly, or if the page's path is none of Mayfly's;
//   - leave a page that looks alive if the client has ended in a panic: no message would go when it expires.
//
// A page that a service worker controls is never in the wrong place: without a network, the worker opens it at any path.
func faultScripts(cfg Config) []replacement {
	paths, _ := json.Marshal(slices.Concat([]string{cfg.Callback}, cfg.Pages)) // Marshal of strings never fails
	return []replacement{
		{
			`let instantiateStreaming = WebAssembly.instantiateStreaming;`,
			`if (typeof WebAssembly === "undefined") {
    ` + showFault("no-webassembly") + `
    return;
  }
  const path = location.pathname, known = p => p.endsWith("/") ? path.startsWith(p) : path === p;
  if (path !== "/" && !` + string(paths) + `.some(known) && !navigator.serviceWorker?.controller) {
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

// showFault returns a script. It removes the page, which is the first element of the body, and the loader. Then it shows the
// sentence whose element has that id.
func showFault(id string) string {
	return `document.body.firstElementChild.remove(); document.querySelector(".goapp-app-info")?.remove(); ` +
		`document.getElementById("` + id + `").hidden = false;`
}
