import '#lib/ui/tokens.css';
import '#lib/ui/base.css';
import '../popup/view.css';
import { mount } from 'svelte';
import View from '../popup/View.svelte';

mount(View, { target: document.body, props: { panel: true } });
