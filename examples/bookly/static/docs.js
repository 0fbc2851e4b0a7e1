// Log in by Authorize: the e-mail address as username, and the password. Client id and secret stay empty.
// Swagger UI does not refresh tokens: after fifteen minutes, log in again.
window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
});
