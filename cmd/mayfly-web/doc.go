// Command mayfly-web is the client: a WebAssembly program that go generate builds and the server hands to browsers. It
// makes one sign-in and one session for the life of the page, ties them to the browser and registers the pages; it decides nothing.
package main
