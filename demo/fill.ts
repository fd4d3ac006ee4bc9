// `node tools/setup.mjs run demo/fill.ts [HOST]`: pushes the images of the example tree to a staging registry, by
// default that of docker-compose.yml, so that the tree can be promoted unchanged.
import { pushImage } from '../test/support/registry/images.ts';
import { demoImages, stagingPath } from './images.ts';
import { COMMITTED_HOSTS } from './tree.ts';

const [host = COMMITTED_HOSTS[0]] = process.argv.slice(2);

for (const image of demoImages().filter(({ isStaged }) => isStaged)) {
  const { digest } = await pushImage(`http://${host}`, stagingPath(image), image.image);
  process.stdout.write(`pushed ${host}/${stagingPath(image)}@${digest}\n`);
}
