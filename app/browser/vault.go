package browser

// Vault seals text with an AES-GCM key. The browser keeps the key in IndexedDB and does not let any program read it, not
// even this one, so that a copy of the device's storage is unreadable. It does not protect against code that runs in the
// page.
type Vault struct{}
