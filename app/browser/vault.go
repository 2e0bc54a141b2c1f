package browser

// Vault seals text with an AES-GCM key that the browser keeps in IndexedDB and shows to nobody, not even to this program: who
// copies the device's storage gets text that cannot be read. It does not help against code that runs in the page.
type Vault struct{}
