//! The service on this machine, over HTTP, for rehearsals and tests. Shares no code with the client.
