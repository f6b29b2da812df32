import '#lib/ui/tokens.css';
import '#lib/ui/base.css';
import { mount } from 'svelte';
import Popup from './Popup.svelte';

mount(Popup, { target: document.body });
