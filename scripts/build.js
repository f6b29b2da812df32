import { build, install } from './prepare.js';

install();
build({ force: true });
