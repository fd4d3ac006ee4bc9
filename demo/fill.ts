// `node tools/setup.mjs run demo/fill.ts [HOST]`: pushes what the example tree names to a staging registry, by default
// the one of docker-compose.yml, so that the tree can be promoted as it is.
import { pushImage } from '../test/support/registry/images.ts';
import { demoImages, stagingPath } from './images.ts';
import { COMMITTED_HOSTS } from './tree.ts';

const [host = COMMITTED_HOSTS[0]] = process.argv.slice(2);

for (const image of demoImages().filter(({ isStaged }) => isStaged)) {
  const { digest } = await pushImage(`http://${host}`, stagingPath(image), image.image);
  process.stdout.write(`pushed ${host}/${stagingPath(image)}@${digest}\n`);
}
