// Progressive enhancement: every page works without this file; with it, uploads show what happens to each file.
import { startCapture } from "./capture.js";

const capture = document.getElementById("capture");
if (capture) startCapture(capture);

const facets = document.querySelector(".facets details");
if (facets && matchMedia("(max-width: 52rem)").matches) facets.open = false;
