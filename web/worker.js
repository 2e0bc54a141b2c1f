// Mayfly's service worker. It keeps the page and its files, so that Mayfly starts without a network, and nothing else: no
// message ever passes through it. go-app fills in the two placeholders.
const version = "{{.Version}}";
const files = {{.ResourcesToCache}};

const prefix = "mayfly-";
const cacheName = prefix + version;
const patience = 3000; // milliseconds until a page that is asked for comes from the cache

// Where people come back from signing in, with a code in the address.
const callback = "/login/callback";

// What the server itself answers, even when it is typed into the address bar.
const server = ["/ws", "/poll", "/config.json", "/healthz", "/readyz"];

self.addEventListener("install", (event) => {
  event.waitUntil(precache().then(() => self.skipWaiting()));
});

// precache fetches every file or fails, and then the browser tries again on the next visit.
async function precache() {
  const cache = await caches.open(cacheName);
  try {
    await Promise.all(files.map(async (file) => {
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
  } catch (error) {
    await caches.delete(cacheName);
    throw error;
  }
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
    event.respondWith(cached(url.pathname).then((response) => response || fetch(request)));
  }
});

// openPage answers from the network, or with the cached page when that fails or is slow. The page is the same for every
// path: the client reads the address and draws what belongs there.
async function openPage(request) {
  const network = fetch(request);
  const late = new Promise((resolve) => setTimeout(resolve, patience));
  const response = await Promise.race([network, late]).catch(() => undefined);
  if (response && response.status < 500) {
    return response;
  }
  return (await cached("/")) || network;
}

async function cached(path) {
  const cache = await caches.open(cacheName);
  return cache.match(path, { ignoreVary: true });
}
