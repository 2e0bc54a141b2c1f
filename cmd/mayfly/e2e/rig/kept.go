package rig

// Kept returns everything that the page shows, and everything that the page and its origin store, but not the contents of
// cached files below /web/. The key is the place where the text was found, such as "localStorage".
func (tab *Tab) Kept() map[string]string {
	tab.t.Helper()
	return Eval[map[string]string](tab, kept)
}

// kept is a JavaScript expression: a promise of what Kept returns.
const kept = `(async () => {
	const asked = request => new Promise((done, failed) => {
		request.onsuccess = () => done(request.result);
		request.onerror = failed;
	});
	const found = {
		'the page': [location.href, document.referrer, JSON.stringify(history.state), document.cookie,
			document.documentElement.outerHTML].join(' '),
		'localStorage': JSON.stringify({...localStorage}),
		'sessionStorage': JSON.stringify({...sessionStorage}),
	};
	for (const {name} of await indexedDB.databases()) {
		const db = await asked(indexedDB.open(name));
		for (const store of db.objectStoreNames) {
			let all = '';
			for (const value of await asked(db.transaction(store).objectStore(store).getAll())) {
				const plain = !(value instanceof CryptoKey) ? value
					: value.extractable ? await crypto.subtle.exportKey('jwk', value) : 'a key that nobody reads';
				all += JSON.stringify(plain) + '\n';
			}
			found['IndexedDB ' + name + ' ' + store] = all;
		}
		db.close();
	}
	for (const name of await caches.keys()) {
		const cache = await caches.open(name);
		for (const request of await cache.keys()) {
			const response = await cache.match(request, {ignoreVary: true});
			found['the cache of ' + request.url] = [request.url, response.url, ...response.headers].join(' ') +
				(request.url.includes('/web/') ? '' : await response.text());
		}
	}
	return found;
})()`

// Device is a JavaScript expression: a promise of the entries and drafts that are stored on the device, by key.
const Device = `new Promise((done, failed) => {
	const opening = indexedDB.open('mayfly-device');
	opening.onerror = failed;
	opening.onsuccess = () => {
		const kept = {}, db = opening.result, walk = db.transaction('kept').objectStore('kept').openCursor();
		walk.onerror = failed;
		walk.onsuccess = () => {
			const at = walk.result;
			if (at) { kept[at.key] = at.value; at.continue(); } else { db.close(); done(kept); }
		};
	};
})`
