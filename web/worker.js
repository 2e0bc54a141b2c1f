// Mayfly's service worker. It keeps the page and its files, so that Mayfly starts without a network, and nothing else: no
// message ever passes through it. go-app fills in the two placeholders.
const version = "{{.Version}}";
const files = {{.ResourcesToCache}};

const prefix = "mayfly-";
const cacheName = prefix + version;
const patience = 500; // milliseconds until a page that is asked for comes from the cache

// Where people come back from signing in, with a code in the address.
const callback = "/login/callback";

// What the server itself answers, even when it is typed into the address bar.
const server = ["/ws", "/poll", "/config.json", "/healthz", "/readyz"];

self.addEventListener("install", (event) => {
  event.waitUntil(precache().then(() => self.skipWaiting()));
});

// precache keeps every file or none. If it fails, the browser tries again on the next visit.
async function precache() {
  try {
    await complete();
  } catch (error) {
    await caches.delete(cacheName);
    throw error;
  }
}

// complete fetches every file that is not kept, or fails.
async function complete() {
  const cache = await caches.open(cacheName);
  await Promise.all((await missing(cache)).map(async (file) => {
    // A name under /web/ is a hash: what the HTTP cache has is right, and the page has just fetched it.
    const hashed = file.startsWith("/web/");
    const response = await fetch(file, { cache: hashed ? "default" : "no-cache" });
    if (!response.ok || response.redirected) {
      throw new Error(`${file} answers ${response.status}`);
    }
    // While a server is being replaced, two of them answer. Files of both would not fit together. And somebody else may
    // answer, such as the page of a hotel: kept here, that would stand in the way of the file for ever.
    if (response.headers.get("Mayfly-Version") !== (hashed ? file.split(".").at(-2) : version)) {
      throw new Error(`${file} is of another version`);
    }
    await cache.put(file, response);
  }));
}

// missing returns the files that are not in the cache. Browsers and people delete what a site keeps, also a part of it, and
// leave the worker.
async function missing(cache) {
  const kept = (await cache.keys()).map((request) => new URL(request.url).pathname);
  return files.filter((file) => !kept.includes(file));
}

self.addEventListener("activate", (event) => {
  event.waitUntil(deleteOldCaches().then(() => self.clients.claim()));
});

// The new cache is complete by now: without it there is no activation.
async function deleteOldCaches() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(prefix) && name !== cacheName);
  await Promise.all(old.map((name) => caches.delete(name)));
}

// A page that runs asks which version it would be after a reload. By then it has loaded, so it is also the time to fetch what
// was lost of the cache; without a network, or from a server of another version, that fails, and the next page asks again.
self.addEventListener("message", (event) => {
  if (event.data === "version") {
    event.source.postMessage(version);
    event.waitUntil(complete().then(() => { whole = Promise.resolve(true); }, () => {}));
  }
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin || server.includes(url.pathname)) {
    return; // the browser goes on as if there were no worker
  }
  if (request.mode === "navigate" && url.pathname === callback) {
    // The page is here already, so the code need not go anywhere, and is not late for want of a network.
    event.respondWith(cached("/").then((response) => response || fetch(request)));
  } else if (request.mode === "navigate") {
    event.respondWith(openPage(request));
  } else if (files.includes(url.pathname) && url.search === "") {
    event.respondWith(answer(request, url.pathname));
  }
});

// whole is a promise of whether every file is kept. It is looked for anew with each page.
let whole;

function isWhole() {
  return caches.open(cacheName).then(missing).then((lacking) => lacking.length === 0, () => false);
}

// openPage answers from the network, or with the kept page when that fails, is slow or has another version: its files are not
// here yet, and those that are would not fit to it. The new worker is on its way then. The page is the same for every path:
// the client reads the address and draws what belongs there.
async function openPage(request) {
  whole = isWhole();
  if (!(await whole)) {
    return answer(request, "/");
  }
  const late = new Promise((resolve) => setTimeout(resolve, patience));
  const response = await Promise.race([fetch(request), late]).catch(() => undefined);
  if (response && response.status < 500 && [version, null].includes(response.headers.get("Mayfly-Version"))) {
    return response; // without a version it is not ours: somebody has something to say, such as a hotel
  }
  return (await cached("/")) || fetch(request);
}

// answer answers with the file that is kept at path. Unless all are, that is only for when the network fails: the others
// come from the server, which may have another version by now.
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
