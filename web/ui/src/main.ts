// Entry point: styles, then the application into its place.

import 'uplot/dist/uPlot.min.css';
import './styles/tokens.css';
import './styles/base.css';

import { mount } from 'svelte';

import App from './App.svelte';

const target = document.getElementById('app');
if (!target) throw new Error('no #app in the page');

mount(App, { target });
