package web

// What the page says where there is no client to say it. The sentences are in the page from the start and hidden, since the
// policy allows no script in it: go-app's script, patched, uncovers one. A form of one button asks for its own page again.
//
// Such a sentence takes the place of the page: a composer that never works must not look as if it did, nor sound so. The script
// removes the page, and mayfly.css hides it where there are no scripts. (A rule with :has would do for all, but then every
// message that comes or goes would cost the style of everything.)
const (
	noScripts = `<noscript><form class="fault" role="alert"><p>Mayfly needs JavaScript and WebAssembly. Allow JavaScript for this ` +
		`site in the browser's settings, then reload.</p><button>Reload</button></form></noscript>`
	noWebAssembly = `<form class="fault" hidden id="no-webassembly" role="alert"><p>Mayfly needs WebAssembly, which this browser ` +
		`lacks or has turned off. Update the browser, or leave its lockdown mode for this site, then reload.</p><button>Reload</button></form>`
	notLoaded = `<form class="fault" hidden id="not-loaded" role="alert"><p>Mayfly could not be loaded. Check the connection, ` +
		`then reload.</p><button>Reload</button></form>`
	stopped = `<form class="fault" hidden id="stopped" role="alert"><p>Mayfly has stopped. Reload to start it again; if it stops ` +
		`at once, allow this site to store data in the browser's settings.</p><button>Reload</button></form>`

	// stillLoading shows by itself, after some seconds: it is also for a script that never comes.
	stillLoading = `<form class="loader-slow" role="status"><p>Still loading. On a slow connection the first visit takes a while.</p>` +
		`<button>Reload</button></form>`
)

// faultMarkup is the patch of the page that puts the sentences into it, behind what the client draws over.
var faultMarkup = replacement{`</aside>`, stillLoading + `</aside>` + noScripts + noWebAssembly + notLoaded + stopped}

// faultScripts are the patches of go-app's script that uncover them. Its own word for a client that does not load is the bare
// error, which stays in the console, and it has none for the others: without WebAssembly it goes on loading for ever, and a
// program that has ended, in a panic, leaves a page behind that looks alive. What is on that page nobody would remove when it
// expires, so the page goes.
var faultScripts = []replacement{
	{
		`let instantiateStreaming = WebAssembly.instantiateStreaming;`,
		`if (typeof WebAssembly === "undefined") {
    ` + uncover("no-webassembly") + `
    return;
  }

  let instantiateStreaming = WebAssembly.instantiateStreaming;`,
	},
	{
		`loaderLabel.innerText = err;`,
		uncover("not-loaded"),
	},
	{
		`go.run(wasm.instance);`,
		`go.run(wasm.instance).finally(() => { ` + uncover("stopped") + ` });`,
	},
}

// uncover is the script that puts a sentence in the place of the page, which is the first in the body, and of the loader.
func uncover(id string) string {
	return `document.body.firstElementChild.remove(); document.querySelector(".goapp-app-info")?.remove(); ` +
		`document.getElementById("` + id + `").hidden = false;`
}
