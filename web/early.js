// The composer before the client runs. The page contains it from the start, in the shell: the page as the server sends it,
// without a client. This script makes it work. It keeps what the user writes and sends, in the order of the key presses,
// until the client takes it (app/early.go). Until then the shell's composer covers the client's own: so the user writes on in
// the same field, and an input method can finish what it composes.
"use strict";
{
  const { room, chosen } = mayflyStart; // from settings.js
  const shell = document.querySelector(".shell");
  const form = shell.querySelector(".composer");
  const field = form.elements.message;
  const list = form.querySelector(".composer-early");
  const key = "mayfly-early-" + room; // EarlyKey in app/browser/names.go
  // Enter begins a new line (EnterBreaks and TouchKeyboard in app/browser/early.go).
  const breaks = chosen.enter ? chosen.enter === "break" : matchMedia("(pointer: coarse) and (hover: none)").matches;
  let sent = []; // the texts that the user has sent
  let touched = false; // the user has written in the field, even if it is empty again
  let composing = false; // an input method is composing a text in the field
  let composed = () => {}; // runs when it has composed the text

  // The page of this tab may be loaded again before a client has run. So the tab stores what the user has written.
  const storage = (does) => {
    try {
      return does(sessionStorage);
    } catch { // the browser denies storage, or the record is broken
      return undefined;
    }
  };
  const store = () => storage((tab) => tab.setItem(key, JSON.stringify({ sent, text: field.value })));

  const show = () => {
    list.hidden = sent.length === 0;
    list.querySelector("ul").replaceChildren(...sent.map((text) => {
      const item = document.createElement("li");
      item.dir = "auto";
      item.textContent = text;
      return item;
    }));
  };

  const send = () => {
    if (field.value.trim() !== "") {
      sent.push(field.value);
      field.value = "";
      show();
      store();
    }
  };

  const sends = (event) => event.key === "Enter" && !event.isComposing && event.keyCode !== 229 &&
    (event.ctrlKey || event.metaKey || !event.shiftKey && !breaks);

  const start = () => {
    ({ sent = [], text: field.value = "" } = storage((tab) => JSON.parse(tab.getItem(key))) ?? {});
    touched = field.value !== "";
    show();
    for (const disabled of form.querySelectorAll(":disabled")) {
      disabled.disabled = false;
    }
    field.addEventListener("input", () => {
      touched = true;
      store();
    });
    field.addEventListener("compositionstart", () => { composing = true; });
    field.addEventListener("compositionend", () => {
      composing = false;
      composed();
    });
    field.addEventListener("keydown", (event) => {
      if (sends(event)) {
        event.preventDefault();
        send();
      }
    });
    field.addEventListener("keypress", (event) => { // a program that types for the user may send it after all
      if (sends(event)) {
        event.preventDefault();
      }
    });
    form.querySelector(".composer-send").addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send();
    });
    field.focus({ preventScroll: true });
  };

  // The composer of the client's page. Nobody reaches it behind the shell.
  const covered = () => document.querySelector("body > :first-child .composer");

  const cover = () => {
    shell.classList.add("shell-over");
    covered()?.toggleAttribute("inert", true);
  };

  const end = () => {
    covered()?.toggleAttribute("inert", false);
    shell.remove();
    delete window.mayflyEarly;
  };

  // What the client calls, once it has drawn its page behind the shell.
  window.mayflyEarly = {
    // cover leaves of the shell only the composer. If that is disabled, cover removes the shell.
    cover: room ? cover : end,

    // composing reports whether an input method is composing a text. If so, then runs when it has composed the text.
    composing: (then) => {
      composed = then;
      return composing;
    },

    // written returns the texts that the user has sent, the text in the field, and the range that is selected in it.
    written: () => ({ room, sent, touched, text: field.value, from: field.selectionStart, to: field.selectionEnd }),

    // end removes the shell.
    end: () => {
      storage((tab) => tab.removeItem(key));
      end();
    },

    // fail removes the shell because no client will run. What the user has written is shown below the sentence about that,
    // and is in the field again when the page has been loaded again.
    fail: () => {
      const texts = [...sent, field.value].filter((text) => text.trim() !== "");
      const kept = document.getElementById("kept");
      kept.hidden = texts.length === 0;
      kept.querySelector("pre").textContent = texts.join("\n\n");
      end();
    },
  };
  if (room) { // otherwise the page shows no room, or the client must first find out which
    start();
  }
  document.currentScript.remove();
}
