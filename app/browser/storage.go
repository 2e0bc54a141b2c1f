package browser

// Storage keeps strings for as long as the tab lives, across reloads; no other tab sees them. The browser may deny it
// (cookies blocked, a sandbox): then Load and Save say so, and what was saved is lost with the page.
type Storage struct{ area area }
