//go:build race

package hub_test

// raceShare: the race detector makes the tests of many histories eight times slower. They run in one goroutine, so it can
// find nothing in them. Under it they try a tenth of the histories; make quick tries all.
const raceShare = 10
