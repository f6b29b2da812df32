import '#lib/ui/tokens.css';
import '#lib/ui/base.css';
import { mount } from 'svelte';
import Pair from './Pair.svelte';

mount(Pair, { target: document.body });
