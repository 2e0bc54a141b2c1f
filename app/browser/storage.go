package browser

// Storage keeps strings: for as long as the tab lives, across reloads and seen by no other tab, or for as long as the device
// wants, shared by all tabs. The browser may deny it (cookies blocked, a sandbox) or have no room: then its methods say so.
type Storage struct{ area area }
