package ledger

const MaxWaiting = maxWaiting
