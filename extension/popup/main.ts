import '#lib/ui/tokens.css';
import '#lib/ui/base.css';
import './view.css';
import './popup.css';
import { mount } from 'svelte';
import View from './View.svelte';

mount(View, { target: document.body });
