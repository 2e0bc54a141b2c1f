// Command mayfly-web is the client: a WebAssembly program that go generate builds and the server sends to browsers. It makes
// one pkce.SignIn and one client.Client for the life of the page, connects them to the browser and registers the pages.
// Other packages contain all decisions.
package main
