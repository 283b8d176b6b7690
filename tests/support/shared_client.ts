/**
 * Opens the HTTP client that all downloads share, and holds it as long as the process lives: imported before test
 * files that share an isolate, so that no test sees it created or closed, whatever proxies of other tests hold.
 *
 * @module
 */

import { keepConnections } from "../../mod.ts";
import { sharedClient } from "../../lib/transport/connections/shared_client.ts";

keepConnections();
void sharedClient.client;
