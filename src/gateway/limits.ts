/** What the HTTP server takes of a client, and for how long. */

/** Of the request line and all headers. A key of 1,024 bytes has 3,072 when every byte is percent-encoded. */
export const maxHeaderBytes = 16 * 1024;
/** From the connection, or the end of the request before, until the headers have come. */
export const headersTimeoutMs = 10_000;
/** Until the whole request has. */
export const requestTimeoutMs = 20_000;
/** Between two looks for those that are late. */
export const timeoutCheckMs = 1_000;
/** Without a byte in either direction: a client that does not read its answer is cut off. */
export const silentConnectionMs = 30_000;
/** Between two requests: longer than the 60 seconds after which load balancers usually close. */
export const keepAliveMs = 65_000;
/** Beyond them a new one is closed at once, and those that are idle are closed to make room. */
export const maxConnections = 1_024;
/** Of a body that nobody wants: so much is read, for the sake of the connection. */
export const maxDiscardedBytes = 4 * 1024 * 1024;
/** When the server ends: for answers under way. */
export const closePatienceMs = 2_000;
