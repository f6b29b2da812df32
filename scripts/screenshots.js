/** Takes the pictures of the documentation from a real visit. */
import { build, install, node, run } from './prepare.js';

install();
build();
run(node(), ['scripts/pictures.ts']);
run(node(), ['scripts/store-pictures.ts']);
