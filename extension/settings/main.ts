import '#lib/ui/tokens.css';
import '#lib/ui/base.css';
import { mount } from 'svelte';
import Settings from './Settings.svelte';

mount(Settings, { target: document.body });
