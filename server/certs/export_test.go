package certs

// NewACMEOver returns an ACME that reaches the authority through a transport of the test.
var NewACMEOver = newACME

// FailureIn returns what an answer of the authority says about a failure.
var FailureIn = failureIn
