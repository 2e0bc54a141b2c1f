package browser

// Vault seals text with an AES-GCM key. The browser keeps the key in IndexedDB and does not let any program read it, not
// even this one. So somebody who copies the device's storage cannot read the text. But code that runs in the page can make
// the browser decrypt the text.
type Vault struct{}
