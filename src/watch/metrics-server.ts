import { createServer, type Server } from 'node:http';
import type { Metrics } from './metrics.ts';

/** Serves Prometheus until it is closed; closing does not wait for clients. */
type MetricsServer = { readonly url: string; close(): void };

/** Serves the metrics; throws the error of the system if it cannot listen. */
export async function serveMetrics(
  metrics: Pick<Metrics, 'text' | 'contentType'>,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const isKnown = request.url?.split('?')[0] === '/metrics';
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isKnown || !isRead) {
      response.writeHead(isKnown ? 405 : 404, { 'content-type': 'text/plain' });
      response.end(isKnown ? 'only GET is answered\n' : 'the metrics are at /metrics\n');
      return;
    }
    const answer = async (): Promise<void> => {
      const text = await metrics.text();
      response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
    };
    answer().catch(() => response.destroy());
  });
  await listening(server, host, port);
  // the server does not keep the process running
  server.unref();
  const bound = server.address();
  const actual = typeof bound === 'object' && bound !== null ? bound.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}/metrics`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
