// Acme Voice: what a token can be used for on the page of `make dev`.
//
// Export `speak` if Acme Voice reads text aloud, and `listen` if it transcribes. Leave out what it
// does not do. The modules of the other providers show how a socket is opened and read.
