package web

// The sentences that the page shows when no client runs. The page contains them from the start, hidden, because the content
// security policy allows no inline script. Patches of go-app's script show the right one. Its button submits a form, which
// loads the page again.
//
// A sentence replaces the page, because a composer that does not work must not look or sound as if it did. The script
// removes the page. Where scripts are off, mayfly.css hides it. (One CSS rule with :has could hide it in all cases, but then
// the browser would compute the styles of the whole page again for every message that is added or removed.)
const (
	noScripts = `<noscript><form class="fault" role="alert"><p>Mayfly needs JavaScript and WebAssembly. ` +
		`Allow JavaScript for this site in the browser's settings, then reload.</p><button>Reload</button></form></noscript>`
	noWebAssembly = `<form class="fault" hidden id="no-webassembly" role="alert"><p>Mayfly needs WebAssembly, ` +
		`which this browser lacks or has turned off. ` +
		`Update the browser, or leave its lockdown mode for this site, then reload.</p>` +
		`<button>Reload</button></form>`
	notLoaded = `<form class="fault" hidden id="not-loaded" role="alert"><p>Mayfly could not be loaded. ` +
		`Check the connection, then reload.</p><button>Reload</button></form>`
	stopped = `<form class="fault" hidden id="stopped" role="alert"><p>Mayfly has stopped. ` +
		`Reload to start it again; ` +
		`if it stops at once, allow this site to store data in the browser's settings.</p><button>Reload</button></form>`

	// stillLoading appears after some seconds without a script, so that it also works when the script never arrives.
	stillLoading = `<form class="loader-slow" role="status"><p>Still loading. ` +
		`On a slow connection the first visit takes a while.</p><button>Reload</button></form>`
)

// faultMarkup is the patch of the page that adds the sentences after the element that the client replaces.
var faultMarkup = replacement{`</aside>`, stillLoading + `</aside>` + noScripts + noWebAssembly + notLoaded + stopped}

// faultScripts are the patches of go-app's script that show the sentences. Without them go-app shows the bare error when the
// client does not load (the error is still in the console), loads for ever without WebAssembly, and leaves a page that looks
// alive after the program has ended in a panic. Nothing would remove the messages on such a page when they expire. So the
// page is removed.
var faultScripts = []replacement{
	{
		`let instantiateStreaming = WebAssembly.instantiateStreaming;`,
		`if (typeof WebAssembly === "undefined") {
    ` + showFault("no-webassembly") + `
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

// showFault returns the script that replaces the page, which is the first element of the body, and the loader by a sentence.
func showFault(id string) string {
	return `document.body.firstElementChild.remove(); document.querySelector(".goapp-app-info")?.remove(); ` +
		`document.getElementById("` + id + `").hidden = false;`
}
