/** Version of the command line; the build and the server print the same. */
export const VERSION = '0.1.0';
