// What the user has chosen, before the browser draws the page: the theme, the size of the text and the language. The page is
// the same for every user and every room, and its sentences are in the first language. This script runs in its head: it sets
// attributes that the styles know, translates the sentences as the browser reads them, and names the room in the heading.
// Later the client calls its functions. The script also begins to load the client. Package web fills in the placeholders.
"use strict";
{
  const key = "mayfly-settings"; // SettingsKey in app/browser/names.go
  const languages = {{.Languages}}; // by their tags: the direction, the manifest, and the sentences by the English ones
  const grounds = { light: "{{.Light}}", dark: "{{.Dark}}" }; // the colour of the page in each theme
  const attributes = ["aria-label", "placeholder", "title"];
  const root = document.documentElement;
  Object.assign(root.dataset, {{.Brand}}); // the chat's own name and its welcome, for the client (Brand in app/language.go)

  // What the device has stored (app/settings.go): the user's choices by their names.
  let chosen = {};
  try {
    chosen = JSON.parse(localStorage.getItem(key)) ?? {};
  } catch { // the browser denies storage, or the record is broken
  }

  // mayflyLook shows the page in a theme, and its text in a size. Any other value stands for what the browser has.
  window.mayflyLook = (theme, text) => {
    theme = Object.hasOwn(grounds, theme) ? theme : "";
    root.dataset.theme = theme;
    root.dataset.text = text ?? "";
    const scheme = document.querySelector("meta[name=color-scheme]");
    if (scheme) {
      scheme.content = theme || Object.keys(grounds).join(" ");
    }
    for (const meta of document.querySelectorAll("meta[name=theme-color]")) {
      meta.content = grounds[theme || (meta.media.includes("dark") ? "dark" : "light")];
    }
  };
  mayflyLook(chosen.theme, chosen.text);

  // mayflyLanguage returns the tag of a language: of the one that the user has chosen, or the first one that the browser asks
  // for.
  window.mayflyLanguage = (choice) => [choice, ...navigator.languages]
    .map((tag) => String(tag).toLowerCase().split("-")[0])
    .find((tag) => Object.hasOwn(languages, tag)) ?? "{{.First}}";

  const tag = mayflyLanguage(chosen.language);
  const { dir, manifest, texts } = languages[tag];
  root.lang = tag;
  root.dir = dir;
  const link = document.querySelector("link[rel=manifest]");
  if (link && manifest) {
    link.href = manifest;
  }

  // The name of the room in the address, if it is written as the page itself writes it (pathOf in app/address.go).
  const room = location.pathname === "/" && !location.hash ? "{{.Lobby}}" :
    /^\/r\/([a-z0-9][a-z0-9-]{0,63})$/.exec(location.pathname)?.[1];

  // For the script early.js.
  window.mayflyStart = { room, chosen };

  // translate changes one text or attribute. A sentence with a language of its own stays as it is.
  const translate = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const text = node.data.trim();
      if (room && text === "…" && node.parentElement?.className === "room") {
        node.data = "#" + room;
      } else if (Object.hasOwn(texts, text) && node.parentElement?.closest("[lang]") === root) {
        node.data = texts[text];
      }
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      for (const name of attributes) {
        const text = node.getAttribute(name);
        if (text !== null && Object.hasOwn(texts, text)) {
          node.setAttribute(name, texts[text]);
        }
      }
      node.childNodes.forEach(translate);
    }
  };
  // The browser calls an observer before it draws what it has read. In the first language, only the heading changes.
  const onChanges = (changes) => {
    const heading = Object.keys(texts).length === 0 && document.querySelector(".room");
    if (heading?.firstChild) {
      translate(heading);
      observer.disconnect();
      return;
    }
    for (const { type, target, addedNodes } of changes) {
      if (type === "characterData") {
        translate(target);
      }
      addedNodes.forEach(translate);
    }
  };
  const observer = new MutationObserver(onChanges);
  observer.observe(root, { childList: true, characterData: true, subtree: true });
  document.addEventListener("DOMContentLoaded", () => {
    onChanges(observer.takeRecords()); // disconnect drops them, and a short page may be read whole before the first call
    observer.disconnect();
  });

  // The client's program, which go-app's script starts (scriptPatches in web/page.go); that script logs why it can't. A page
  // without a client names none.
  const { client } = document.currentScript.dataset;
  if (client && typeof WebAssembly !== "undefined") {
    const loading = fetch(client);
    window.mayflyModule = WebAssembly.compileStreaming?.(loading) ??
      loading.then((response) => response.arrayBuffer()).then((bytes) => WebAssembly.compile(bytes));
    mayflyModule.catch(() => {});

    // The server's configuration, which the client needs before it connects (earlyConfig in app/browser/fetch_js.go).
    window.mayflyConfig = fetch("/config.json", { credentials: "same-origin", cache: "no-store", redirect: "manual",
      referrerPolicy: "no-referrer", signal: AbortSignal.timeout?.(3000) })
      .then((response) => ({ response, came: Date.now() }));
    mayflyConfig.catch(() => {});
  }
}
