// Mayfly's service worker. It caches the page and its files, so that Mayfly starts without a network, and caches nothing
// else. It also shows and closes notifications; the text of a message passes through it only if the user has chosen that.
// go-app fills in the first two placeholders, package web the others.
const version = "{{.Version}}";
const files = {{.ResourcesToCache}};

const prefix = "mayfly-";
const cacheName = prefix + version;
const patience = 500; // milliseconds for the network to answer with a page; then the cache answers
const strangePatience = 10000; // the same, while something else than Mayfly answers: otherwise a page would load itself for ever

// The path to which the sign-in provider sends users back, with a code in the address.
const callback = "{{.Callback}}";

// The paths that only the server answers, even when the user types them into the address bar.
const server = ["/ws", "/poll", "/config.json", "/healthz", "/readyz"];

// What stands behind the title of a notification: the name of the chat, if it has one of its own.
const named = "{{.Named}}";

// The beginnings of the paths of rooms. The lobby is at "/".
const rooms = {{.Rooms}};

self.addEventListener("install", (event) => {
  event.waitUntil(precache().then(() => self.skipWaiting()));
});

// precache caches all files or none. If it fails, the browser tries again on the next visit.
async function precache() {
  try {
    await complete();
  } catch (error) {
    await caches.delete(cacheName);
    throw error;
  }
}

// complete fetches every file that is not in the cache. It fails if one cannot be fetched.
async function complete() {
  const cache = await caches.open(cacheName);
  await Promise.all((await missing(cache)).map(async (file) => {
    // A name under /web/ contains a hash: a copy in the HTTP cache is right, and the page has just put one there.
    const hashed = file.startsWith("/web/");
    const response = await fetch(file, { cache: hashed ? "default" : "no-cache" });
    if (!response.ok || response.redirected) {
      throw new Error(`${file} answers ${response.status}`);
    }
    // While a server is being replaced, an old and a new one answer. Files of both do not fit together. Another server may
    // answer, too, such as the login page of a hotel. In the cache that page would replace the file for ever.
    if (response.headers.get("Mayfly-Version") !== (hashed ? file.split(".").at(-2) : version)) {
      throw new Error(`${file} is of another version`);
    }
    await cache.put(file, response);
  }));
}

// missing returns the files that are not in the cache. The browser or the user may delete the cache, or a part of it, and
// leave the worker installed.
async function missing(cache) {
  const kept = (await cache.keys()).map((request) => new URL(request.url).pathname);
  return files.filter((file) => !kept.includes(file));
}

self.addEventListener("activate", (event) => {
  event.waitUntil(deleteOldCaches().then(() => self.clients.claim()));
});

// The new cache is complete by now: the worker is activated only after precache.
async function deleteOldCaches() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(prefix) && name !== cacheName);
  await Promise.all(old.map((name) => caches.delete(name)));
}

// A running page asks which version it would have after a reload. By then it has loaded, so this is also the time to fetch
// files that were deleted from the cache. That fails without a network or with a server of another version. The next page
// asks again. All other messages are about notifications.
self.addEventListener("message", (event) => {
  if (event.data === "version") {
    event.source.postMessage(version);
    event.waitUntil(asked.then(() => strange && event.source.postMessage({ strange })));
    event.waitUntil(complete().then(() => { whole = Promise.resolve(true); }, () => {}));
  } else {
    last = last.then(() => notifications(event.data, event.source)).catch(() => {});
    event.waitUntil(last);
  }
});

// last settles when all messages about notifications that have come are handled. They are handled one after the other.
let last = Promise.resolve();

// told has, for each room, the message about which the worker last told the user. The browser may end the worker at any
// time, and then told is lost: it only keeps a tab that is late from showing a notification that the user has closed.
const told = new Map();

// covers reports whether a and b are messages of one epoch, and a is b or a later one.
function covers(a, b) {
  return Boolean(a) && a.epoch === b.epoch && a.seq >= b.seq;
}

// notifications does what a page asks for (app/browser/notification.go). Each open page asks to show the notification of a
// message, so all but the first have no effect. The tag of a notification is its room: it replaces the one with that tag.
async function notifications({ does, room, title, text, path, epoch, seq }, page) {
  const message = { epoch, seq, path };
  const shown = await self.registration.getNotifications(room ? { tag: room } : {});
  const close = (which) => shown.filter(which).forEach((notification) => notification.close());
  const pages = await windows();
  if (does === "show" && !covers(told.get(room), message) && !shown.some(({ data }) => covers(data, message))) {
    told.set(room, message);
    if (pages.some((each) => each.visibilityState === "visible")) {
      close(() => true); // it is of an older message, and nobody would close it when that message expires
    } else {
      const icon = files.find((file) => file.includes("icon-192"));
      await self.registration.showNotification(title + named, { body: text, tag: room, renotify: true, icon, data: message });
    }
  } else if (does === "close") {
    close(({ data }) => covers(message, data));
  } else if (does === "close all" || does === "close orphans" && pages.every(({ id }) => id === page.id)) {
    close(() => true);
  }
}

// windows returns the open pages of Mayfly, first the page that the user has used last.
function windows() {
  return self.clients.matchAll({ type: "window", includeUncontrolled: true });
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openRoom(event.notification.data.path));
});

// openRoom shows the room with that path, in the page that the user has used last or in a new one.
async function openRoom(path) {
  const [page] = await windows();
  if (page) {
    page.postMessage({ path });
    await page.focus();
  } else {
    await self.clients.openWindow(path);
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin || server.includes(url.pathname)) {
    return; // the browser handles the request as if there were no worker
  }
  if (request.mode === "navigate" && url.pathname === callback) {
    // Answer with the cached page: then the code is not sent to the server, and does not expire while a slow network loads
    // the page.
    event.respondWith(cached("/").then((response) => response || fetch(request)));
  } else if (request.mode === "navigate") {
    event.respondWith(openPage(event, url.pathname));
  } else if (files.includes(url.pathname) && url.search === "") {
    event.respondWith(answer(request, url.pathname));
  }
});

// whole is a promise: true if every file is in the cache. Each page checks it again.
let whole;

function isWhole() {
  return caches.open(cacheName).then(missing).then((lacking) => lacking.length === 0, () => false);
}

// strange is true if, when a page was opened last, something else than Mayfly answered at its address: for example the login
// page of a hotel, or of a proxy before the server. asked settles when the network has answered.
let strange = false;
let asked = Promise.resolve();

// openPage answers with a page. A room's page comes from the cache, so that it starts at once. The network is asked behind it:
// if something strange answers, the page is told, and loads itself again. Then, and at any other path, openPage answers with
// the page from the network, or with the cached page if the network fails, is slow or has another version: the files of that
// version are not here yet, and the cached files do not fit it. The browser then already fetches the new worker. The page is
// the same for every path: the client reads the address and draws the right page.
async function openPage(event, pathname) {
  const { request } = event;
  whole = isWhole();
  if (!(await whole)) {
    return answer(request, "/");
  }
  const asks = fetch(request);
  const atOnce = !strange && (pathname === "/" || rooms.some((room) => pathname.startsWith(room)));
  asked = asks.then((response) => { strange = isStrange(response); }, () => {});
  event.waitUntil(asked);
  if (!atOnce) {
    const late = new Promise((resolve) => setTimeout(resolve, strange ? strangePatience : patience));
    const response = await Promise.race([asks, late]).catch(() => undefined);
    if (response && response.status < 500 && [version, null].includes(response.headers.get("Mayfly-Version"))) {
      return response; // strange or not
    }
  }
  return (await cached("/")) || asks;
}

// isStrange reports whether a response is not Mayfly's, and wants something of the user: it redirects, is a page, or demands
// that the user signs in.
function isStrange(response) {
  return response.headers.get("Mayfly-Version") === null &&
    (response.type === "opaqueredirect" || response.ok || [401, 403, 511].includes(response.status));
}

// answer answers with the cached file for path. If some files are missing, it uses the cache only when the network fails:
// the missing files must come from the server, which may have another version by now.
async function answer(request, path) {
  const kept = await cached(path);
  if (kept && await (whole ??= isWhole())) {
    return kept;
  }
  return fetch(request).catch((error) => {
    if (kept) {
      return kept;
    }
    throw error;
  });
}

function cached(path) {
  return caches.open(cacheName).then((cache) => cache.match(path, { ignoreVary: true }), () => undefined);
}
