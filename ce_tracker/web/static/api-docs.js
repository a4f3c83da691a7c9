// Starts the reference page. A file of its own, because the policy forbids inline scripts.
"use strict";

const place = document.getElementById("api-reference");

// Swagger's own layout brings a second <main> and a second <h1>, and puts links inside buttons:
// neither keyboard nor screen reader gets through it. This one shows the same parts without.
function houseLayout({ React }) {
  const h = React.createElement;
  const layout = ({ getComponent, specSelectors }) => {
    if (specSelectors.loadingStatus() === "failed") {
      return h("p", { role: "alert" }, "没有读到接口定义，请刷新页面再试。");
    }
    if (!specSelectors.specStr()) {
      return h("p", { role: "status" }, "正在读取接口定义……");
    }
    const part = (name) => h(getComponent(name, true), { key: name });
    return h("div", { className: "swagger-ui" }, [
      h(getComponent("SvgAssets"), { key: "SvgAssets" }),
      part("errors"),
      part("AuthorizeBtnContainer"),
      part("operations"),
      part("Models"),
    ]);
  };
  const plainText = ({ text, children }) => h("span", null, children ?? text);
  return { components: { HouseLayout: layout, DeepLink: plainText } };
}

// Tables of responses are landmarks without names, and long samples cannot be scrolled by key.
new MutationObserver(() => {
  for (const region of place.querySelectorAll("[role=region]:not([aria-label])")) {
    const path = region.closest(".opblock")?.querySelector(".opblock-summary-path, .opblock-summary-path__deprecated");
    const method = region.closest(".opblock")?.querySelector(".opblock-summary-method");
    region.setAttribute("aria-label", `${method?.textContent} ${path?.dataset.path} 的返回`);
  }
  for (const sample of place.querySelectorAll("pre.microlight:not([tabindex])")) {
    sample.tabIndex = 0;
  }
}).observe(place, { childList: true, subtree: true });

window.ui = SwaggerUIBundle({
  domNode: place,
  url: place.dataset.specUrl,
  plugins: [houseLayout],
  layout: "HouseLayout",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  // No validator badge: it would send the address of this service to a foreign host.
  validatorUrl: null,
});
